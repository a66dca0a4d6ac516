/* SPDX-License-Identifier: Apache-2.0 */
/* What the dialect tests share: a table of orders, and SQL that is compared as a whole. */
#ifndef INCLOAD_TESTS_UNIT_DIALECT_FIXTURE_H
#define INCLOAD_TESTS_UNIT_DIALECT_FIXTURE_H

#include <string.h>

#include "harness.h"

#include "dialect/dialect.h"

static const incload__dialect *const all_dialects[] = {
    &incload__dialect_postgres, &incload__dialect_mariadb, &incload__dialect_sqlite, &incload__dialect_sqlserver,
    &incload__dialect_ansi,
};
enum { DIALECT_COUNT = 5 };

/* Compares and forgets. */
static inline void
expect_sql(incload__str *sql, const char *expected)
{
    ck_assert_str_eq(incload__str_text(sql), expected);
    incload__str_free(sql);
}

static inline void
expect_error(incload_error **err, int32_t code, const char *part)
{
    ck_assert_int_eq(incload_error_code(*err), code);
    ck_assert_msg(strstr(incload_error_message(*err), part) != NULL, "'%s' is not in '%s'", part,
                  incload_error_message(*err));
    incload_error_unref(*err);
    *err = NULL;
}

static inline void
add_column(incload__schema *schema, const char *name, const char *native, incload__type type, bool nullable)
{
    incload__column *column = incload__schema_add(schema, name, native, type);

    ck_assert_ptr_nonnull(column);
    column->nullable = nullable;
}

#endif
