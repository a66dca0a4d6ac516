/* SPDX-License-Identifier: Apache-2.0 */
/* What each way of writing makes of a target, said in plain C. */
#ifndef INCLOAD_TESTS_CONFORMANCE_MODES_H
#define INCLOAD_TESTS_CONFORMANCE_MODES_H

#include "conformance.h"

enum { NO_POSITION = 0, INTERVAL_BEGINS = 2, INTERVAL_ENDS = 8, MOST_ROWS = 64, NULL_KEY = 7 };

struct row {
    int id;           /* the key, in the words of the shape */
    int at;           /* the cursor: a second of one minute, or NO_POSITION */
    int rank;         /* the greatest of a key wins */
    const char *note; /* NULL for SQL NULL */
    bool marked;      /* by the source, as deleted */
    bool gone;        /* marked in the target */
    bool past;        /* in a history: another version came after it, or none is left */
};

struct content {
    struct row rows[MOST_ROWS];
    int count;
};

void append_row(struct content *to, struct row row);
int find_id(const struct content *in, int id); /* -1: it is not there */
void take_out_id(struct content *from, int id);

/* ---- the target after a load of all that came ---- */

void appended(struct content *there, const struct content *came);
void new_versions_appended(struct content *there, const struct content *came);
void merged(struct content *there, const struct content *came);
void merged_without_missing(struct content *there, const struct content *came);
void merged_and_missing_marked(struct content *there, const struct content *came);
void merged_without_marked(struct content *there, const struct content *came);
void merged_and_marked_marked(struct content *there, const struct content *came);
void new_inserted(struct content *there, const struct content *came);
void groups_replaced(struct content *there, const struct content *came);
void all_replaced(struct content *there, const struct content *came);
void interval_replaced(struct content *there, const struct content *came);
void interval_replaced_by_key(struct content *there, const struct content *came);
void versions_added(struct content *there, const struct content *came);
void versions_added_and_missing_ended(struct content *there, const struct content *came);
void versions_added_and_missing_recorded(struct content *there, const struct content *came);
void versions_added_by_time(struct content *there, const struct content *came);

#endif
