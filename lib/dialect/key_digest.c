/* SPDX-License-Identifier: Apache-2.0 */
/* By MD5, which both servers have, with a seed that nobody knows beforehand: two PostgreSQL servers hash the binary
 * form of the key, others the digits of its whole numbers. SQLite has no hash; but it reads its keys inside this
 * process anyway. */
#include "dialect/key_digest.h"

#include "dialect/clause.h"
#include "dialect/postgres_digest.h"

/* How a server writes it: %s stands for its operand. */
typedef struct form {
    const incload__dialect *dialect;
    const char *digits;     /* a whole number as text; never NULL */
    const char *halves[2];  /* 64 bits of the digest m, as a number */
    const char *place;      /* 60 bits of a digest, never below zero */
    const char *number;     /* a column as a number of 64 bits */
    const char *divide;
} form;

static const form forms[] = {
    { &incload__dialect_postgres, "COALESCE(%s::bigint::text, 'n')",
      { "('x' || substr(m, 1, 16))::bit(64)::bigint", "('x' || substr(m, 17, 16))::bit(64)::bigint" },
      "('x' || substr(%s, 1, 15))::bit(60)::bigint", "%s::bigint", " / " },
    { &incload__dialect_mariadb, "COALESCE(CAST(CAST(%s AS SIGNED) AS CHAR), 'n')",
      { "CAST(CONV(SUBSTR(m, 1, 16), 16, 10) AS UNSIGNED)", "CAST(CONV(SUBSTR(m, 17, 16), 16, 10) AS UNSIGNED)" },
      "CAST(CONV(SUBSTR(%s, 1, 15), 16, 10) AS SIGNED)", "CAST(%s AS SIGNED)", " DIV " },
};

static const form *
form_of(const incload__dialect *dialect)
{
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if (forms[i].dialect == dialect)
            return &forms[i];
    }
    return NULL;
}

static void
add_form(incload__str *out, const char *text, const char *operand)
{
    for (; *text != '\0'; text++) {
        if (text[0] != '%' || text[1] != 's') {
            incload__str_add_char(out, *text);
            continue;
        }
        incload__str_add(out, operand);
        text++;
    }
}

static bool
is_whole(const incload__dialect *dialect, const incload__column *column)
{
    incload__kind kind = column->native != NULL ? dialect->type_of(column->native).kind : column->type.kind;

    return kind >= INCLOAD__INT8 && kind <= INCLOAD__INT64;
}

static bool
both_whole(const incload__key_digest *side, int32_t column)
{
    return is_whole(side->dialect, &side->here->columns[column])
           && is_whole(side->other, &side->there->columns[column]);
}

static bool
both_postgres(const incload__key_digest *side)
{
    return side->dialect == &incload__dialect_postgres && side->other == &incload__dialect_postgres;
}

const char *
incload__key_digest_refusal(const incload__key_digest *side, int32_t *column)
{
    incload__str unused = INCLOAD__STR(side->here->mem);
    const char *refusal = NULL;

    *column = -1;
    if (form_of(side->dialect) == NULL || form_of(side->other) == NULL)
        return "only PostgreSQL and MariaDB compute digests of keys";
    for (int32_t i = 0; i < side->key_count && refusal == NULL; i++) {
        const incload__column *here = &side->here->columns[side->key[i]], *there = &side->there->columns[side->key[i]];
        if (both_whole(side, side->key[i]))
            continue;
        if (!both_postgres(side) || !incload__postgres_digest_item(&unused, here, there, "k"))
            refusal = "the two servers have no form of it in common";
        *column = refusal != NULL ? side->key[i] : -1;
    }
    incload__str_free(&unused);
    return refusal;
}

bool
incload__key_digest_by_column(const incload__key_digest *side)
{
    return both_whole(side, side->key[0]);
}

static void
quote(incload__clause *clause, const incload__key_digest *side, int32_t column, incload__str *out)
{
    incload__clause part = *clause;

    incload__str_clear(out);
    part.out = out;
    incload__clause_name(&part, side->prefix, side->here->columns[column].name);
    clause->status = part.status;
    clause->out->failed = clause->out->failed || out->failed;
}

/* MD5 of the key, 32 hexadecimal digits. */
static void
add_hash(incload__clause *clause, const incload__key_digest *side)
{
    const form *how = form_of(side->dialect);
    bool binary = both_postgres(side);
    incload__str name = INCLOAD__STR(clause->out->mem);

    incload__str_addf(clause->out, binary ? "md5(record_send(ROW('%s'::text" : "MD5(CONCAT('%s'", side->seed);
    for (int32_t i = 0; i < side->key_count && clause->status == INCLOAD_OK; i++) {
        quote(clause, side, side->key[i], &name);
        if (clause->status != INCLOAD_OK || clause->out->failed)
            break;
        incload__str_add(clause->out, binary ? ", " : ", '/', ");
        if (binary)
            incload__postgres_digest_item(clause->out, &side->here->columns[side->key[i]],
                                          &side->there->columns[side->key[i]], incload__str_text(&name));
        else
            add_form(clause->out, how->digits, incload__str_text(&name));
    }
    incload__str_add(clause->out, binary ? ")))" : "))");
    incload__str_free(&name);
}

int32_t
incload__key_digest_place(incload__str *out, const incload__key_digest *side, incload_error **err)
{
    incload__str operand = INCLOAD__STR(out->mem);
    incload__clause clause = { side->dialect, &operand, err, INCLOAD_OK };
    const form *how = form_of(side->dialect);

    if (side->by_column)
        incload__clause_name(&clause, side->prefix, side->here->columns[side->key[0]].name);
    else
        add_hash(&clause, side);
    if (clause.status == INCLOAD_OK && operand.failed)
        out->failed = true;
    else if (clause.status == INCLOAD_OK && side->by_column)
        incload__str_add(out, incload__str_text(&operand)); /* bare, for the index */
    else if (clause.status == INCLOAD_OK)
        add_form(out, how->place, incload__str_text(&operand));
    incload__str_free(&operand);
    return clause.status;
}

void
incload__key_digest_range(incload__str *out, const incload__key_digest *side, const char *place, int64_t low,
                          uint64_t width)
{
    const form *how = form_of(side->dialect);

    incload__str_add(out, "((");
    add_form(out, how->number, place);
    incload__str_addf(out, " - (%lld))%s%llu)", (long long)low, how->divide, (unsigned long long)width);
}

int32_t
incload__key_digest_query(incload__str *out, const incload__key_digest *side, const char *from, const char *only,
                          int64_t low, uint64_t width, incload_error **err)
{
    incload__clause clause = { side->dialect, out, err, INCLOAD_OK };
    incload__str place = INCLOAD__STR(out->mem);
    const form *how = form_of(side->dialect);

    clause.status = incload__key_digest_place(&place, side, err);
    out->failed = out->failed || place.failed;
    if (clause.status == INCLOAD_OK && !out->failed) {
        incload__str_addf(out, "SELECT b, COUNT(*), SUM(%s), SUM(%s) FROM (SELECT ", how->halves[0], how->halves[1]);
        incload__key_digest_range(out, side, incload__str_text(&place), low, width);
        incload__str_add(out, " AS b, ");
        add_hash(&clause, side);
        incload__str_addf(out, " AS m%s%s%s", from, only != NULL ? " WHERE " : "", only != NULL ? only : "");
        /* What keeps PostgreSQL from hashing once for each use. */
        incload__str_add(out, side->dialect == &incload__dialect_postgres ? " OFFSET 0" : "");
        incload__str_add(out, ") AS d GROUP BY b ORDER BY b");
    }
    incload__str_free(&place);
    return clause.status;
}
