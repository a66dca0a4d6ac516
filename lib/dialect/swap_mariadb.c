/* SPDX-License-Identifier: Apache-2.0 */
/* MariaDB: one RENAME TABLE for both tables, which is atomic and commits. */
#include <string.h>

#include "base/utf8.h"
#include "dialect/sql.h"
#include "dialect/swap.h"

/* lock_wait_timeout has whole seconds; this ends a statement that waits for its lock as well, and has fractions. */
static void
set_lock_timeout(incload__str *out, int64_t ms)
{
    incload__str_addf(out, "SET SESSION max_statement_time = %lld.%03d", (long long)(ms / 1000), (int)(ms % 1000));
}

/* ---- what SHOW CREATE TABLE tells ---- */

/* Behind whatever stands at `at`: a quoted text or name, or one byte. */
static const char *
skip_one(const char *at)
{
    bool quoted = *at == '`' || *at == '\'' || *at == '"';

    return quoted ? incload__skip_quoted(at, *at, *at != '`', true) : at + 1;
}

/* The comma or bracket behind the item of a list; NULL: there is none. */
static const char *
item_end(const char *at)
{
    int32_t depth = 0;

    for (; *at != '\0'; at = skip_one(at)) {
        if (depth == 0 && (*at == ',' || *at == ')'))
            return at;
        depth += (*at == '(') - (*at == ')');
    }
    return NULL;
}

static bool
has_part(const char *at, const char *end, const char *part, size_t length)
{
    for (; at < end; at = skip_one(at)) {
        if (strncmp(at, part, length) == 0)
            return true;
    }
    return false;
}

static void
set_one_aside(incload__str *drop, incload__str *add, const char *table, const char *key, const char *end)
{
    const char *name = key + strlen("KEY "), *between = drop->length > 0 ? ", " : " ";

    if (drop->length == 0) {
        incload__str_addf(drop, "ALTER TABLE %s", table);
        incload__str_addf(add, "ALTER TABLE %s", table);
    }
    incload__str_addf(drop, "%sDROP KEY ", between);
    incload__str_add_bytes(drop, name, (size_t)(skip_one(name) - name));
    while (incload__is_space(end[-1]))
        end--;
    incload__str_addf(add, "%sADD ", between);
    incload__str_add_bytes(add, key, (size_t)(end - key));
}

/* Unique ones stay: they are to refuse the row that comes twice. All stay where some could not go, so that their order
 * is kept, which decides between equals: those by which AUTO_INCREMENT counts, and what is after spatial ones. Other
 * engines than InnoDB would copy the table. */
static void
set_aside(incload__str *drop, incload__str *add, const char *create, const char *table)
{
    static const char head[] = "CREATE TABLE `", counts[] = "AUTO_INCREMENT", tail[] = ") ENGINE=InnoDB";
    const char *at, *end = NULL, *counter = NULL;
    size_t counter_length = 0;
    bool all = incload__ascii_prefix(create, head);

    at = all ? skip_one(create + strlen(head) - 1) : create;
    all = all && incload__ascii_prefix(at, " (");
    at += all ? 2 : 0;
    while (all && (end = item_end(at)) != NULL) {
        at += strspn(at, " \n");
        if (*at == '`' && has_part(at, end, counts, strlen(counts))) {
            counter = at;
            counter_length = (size_t)(skip_one(at) - at);
        }
        if (incload__ascii_prefix(at, "KEY `")) {
            all = counter == NULL || !has_part(at, end, counter, counter_length);
            set_one_aside(drop, add, table, at, end);
        }
        all = all && !incload__ascii_prefix(at, "SPATIAL ");
        if (*end == ')')
            break;
        at = end + 1;
    }
    if (all && end != NULL && incload__ascii_prefix(end, tail))
        return;
    incload__str_clear(drop);
    incload__str_clear(add);
}

const incload__swap_rules incload__swap_mariadb = {
    .manner = INCLOAD__SWAP_BY_STATEMENT,
    .obstacles = incload__sql_mariadb_swap_obstacles,
    .shape = incload__sql_mariadb_swap_shape,
    .plan = incload__sql_mariadb_swap_plan,
    .made = incload__sql_mariadb_swap_made,
    .blockers = incload__sql_mariadb_swap_blockers,
    .views = incload__sql_mariadb_swap_views,
    /* The driver has another SQLSTATE for it (HY018) than the server (70100). */
    .lock_failure_code = 1969,
    /* Once it has its locks, a statement whose time is over says what a killed one says. */
    .lock_failure_late = 1317,
    .analyze = "ANALYZE TABLE ",
    .create_query = "SHOW CREATE TABLE ",
    .set_aside = set_aside,
    /* Pages of secondary indexes do not say whose their rows are before the COMMIT: for each, its row is looked up. */
    .own_rows = " USE INDEX ()",
    .set_lock_timeout = set_lock_timeout,
    .no_lock_timeout = "SET SESSION max_statement_time = DEFAULT",
    .drop_timeout = "SET SESSION lock_wait_timeout = 1",
    .no_drop_timeout = "SET SESSION lock_wait_timeout = DEFAULT",
};
