/* SPDX-License-Identifier: Apache-2.0 */
/* The binary form of a row (record_send) has every cell with its type, its length and its NULL apart, which is what a
 * digest needs. The types' own hash functions are no help: they take 1 mon for 30 days, -1 for 1 (numeric), and fold a
 * bigint to 32 bits first. */
#include "dialect/postgres_digest.h"

#include <string.h>

#include "dialect/postgres.h"

const char incload__postgres_digest_probe[] =
    "SELECT hash_record_extended(ROW(record_send(ROW(1::bigint, 'a'::text, trim_scale(1.50), NULL::date))), 42), "
    "CASE WHEN inet_client_addr() IS NULL OR inet_client_addr() = inet_server_addr() THEN 1 ELSE 0 END";

/* Compiling such an expression costs more than it saves. */
const char *const incload__postgres_digest_settings[] = {
    "SET LOCAL jit = off",
    NULL,
};

static bool
same_native(const incload__column *a, const incload__column *b)
{
    return a->native != NULL && b->native != NULL && strcmp(a->native, b->native) == 0;
}

static bool
is_padded(const incload__column *column)
{
    return column->native != NULL
           && (strncmp(column->native, "character(", 10) == 0 || strcmp(column->native, "character") == 0
               || strcmp(column->native, "bpchar") == 0);
}

static bool
is_whole(incload__kind kind)
{
    return kind == INCLOAD__INT16 || kind == INCLOAD__INT32 || kind == INCLOAD__INT64;
}

static bool
is_decimal(incload__kind kind)
{
    return kind == INCLOAD__DECIMAL || kind == INCLOAD__NUMERIC;
}

bool
incload__postgres_digest_item(incload__str *out, const incload__column *here, const incload__column *there,
                              const char *quoted)
{
    incload__kind kind = incload__postgres_kind(here), other = incload__postgres_kind(there);
    bool same = same_native(here, there);
    const char *form = NULL;

    if (is_whole(kind) && is_whole(other)) {
        form = same ? "%s" : "%s::bigint";
    } else if (is_decimal(kind) && is_decimal(other)) {
        form = same && kind == INCLOAD__DECIMAL ? "%s" : "trim_scale(%s)";
    } else if (kind != other) {
        form = NULL;
    } else {
        switch (kind) {
        case INCLOAD__BOOL:
        case INCLOAD__DATE:
        case INCLOAD__TIME:
        case INCLOAD__TIMESTAMP:
        case INCLOAD__TIMESTAMPTZ:
        case INCLOAD__BINARY:
        case INCLOAD__UUID:
            form = "%s";
            break;
        case INCLOAD__FLOAT32:
        case INCLOAD__FLOAT64:
            /* There are many NaNs, and two roads need not bring the same. */
            form = "CASE WHEN %s = 'NaN' THEN 'NaN' ELSE %s END";
            break;
        case INCLOAD__TEXT:
            form = is_padded(here) == is_padded(there) ? "%s::text" : NULL;
            break;
        case INCLOAD__JSON:
        case INCLOAD__NATIVE:
            form = same ? "%s::text" : NULL;
            break;
        default:
            break;
        }
    }
    if (form == NULL)
        return false;
    for (const char *at = form; *at != '\0'; at++) {
        if (at[0] == '%' && at[1] == 's') {
            incload__str_add(out, quoted);
            at++;
        } else {
            incload__str_add_char(out, *at);
        }
    }
    return true;
}

void
incload__postgres_digest_hash(incload__str *out, const char *bytes, uint64_t seed)
{
    /* A literal of 62 bits, which is a bigint everywhere. */
    incload__str_addf(out, "hash_record_extended(ROW(%s), %llu)", bytes, (unsigned long long)(seed >> 2));
}
