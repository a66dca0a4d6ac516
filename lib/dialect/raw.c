/* SPDX-License-Identifier: Apache-2.0 */
#include "dialect/raw.h"

#include "dialect/postgres.h"

bool
incload__postgres_raw_item(incload__str *out, const incload__column *column, const char *quoted)
{
    static const char *const functions[INCLOAD__KIND_COUNT] = {
        [INCLOAD__DATE] = "date_send(%s)",
        [INCLOAD__TIME] = "time_send(%s)",
        [INCLOAD__TIMESTAMP] = "timestamp_send(%s)",
        [INCLOAD__TIMESTAMPTZ] = "timestamptz_send(%s)",
        /* 1.0 is 1.00: in its binary form a numeric carries how many digits it shows. */
        [INCLOAD__DECIMAL] = "numeric_send(trim_scale(%s))",
        [INCLOAD__NUMERIC] = "numeric_send(trim_scale(%s))",
    };
    const char *form = functions[incload__postgres_kind(column)];

    if (form == NULL)
        return false;
    for (; *form != '\0'; form++) {
        if (form[0] == '%' && form[1] == 's') {
            incload__str_add(out, quoted);
            form++;
        } else {
            incload__str_add_char(out, *form);
        }
    }
    return true;
}

/* Any value may stand in any column: its storage class goes ahead of it. */
void
incload__sqlite_raw_item(incload__str *out, const char *quoted, bool typed)
{
    incload__str_addf(out,
                      "CAST(CASE typeof(%s) WHEN 'blob' THEN 'b'%s ELSE 'i' END || "
                      "CASE typeof(%s) WHEN 'real' THEN printf('%%!.20g', %s) ELSE %s END AS BLOB)",
                      quoted, typed ? " WHEN 'text' THEN 't' WHEN 'real' THEN 'r'" : "", quoted, quoted, quoted);
}
