/* SPDX-License-Identifier: Apache-2.0 */
/* Verifications of a test's loads. */
#ifndef INCLOAD_TESTS_INTEGRATION_LOAD_VERIFYING_H
#define INCLOAD_TESTS_INTEGRATION_LOAD_VERIFYING_H

#include "support.h"

/* Options of every verification, ahead of its own; "" at first. */
extern const char *verify_always;

/* Must succeed. */
incload_verification *verify_ok(const load *what, const char *options);
/* Must find both sides equal, with so many rows each. */
void verify_equal(const load *what, const char *options, int64_t rows);
/* Must count these, exactly, and list as many of them as the list holds. */
typedef struct differences {
    int64_t missing, extra, changed, duplicated;
} differences;
void verify_counts(const load *what, const char *options, differences expected);
/* Must list exactly these lines, in any order: "CHANGED id = 1 (name)" or "MISSING id = 2". */
void verify_lists(const load *what, const char *options, const char *expected);
/* Must fail with the code, and a message that holds each of the words (divided by '|'). */
void verify_fails(const load *what, const char *options, int32_t code, const char *words);

/* What a listed difference says, as verify_lists() compares it; freed by the caller. */
char *difference_text(const incload_verification *found, int32_t index);

#endif
