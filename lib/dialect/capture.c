/* SPDX-License-Identifier: Apache-2.0 */
#include "dialect/capture.h"

#include <stdio.h>

static incload__clause
begin(incload__str *out, const incload__capture *capture, incload_error **err)
{
    return (incload__clause){ capture->dialect, out, err, INCLOAD_OK };
}

static void
add_number(incload__clause *clause, const char *before, int64_t number)
{
    char text[48];

    snprintf(text, sizeof text, "%s%lld", before, (long long)number);
    incload__clause_add(clause, text);
}

static const char *
key_name(const incload__capture *capture, int32_t index)
{
    return capture->columns->columns[capture->key[index]].name;
}

/* ---- what the dialects share ---- */

void
incload__capture_name(incload__clause *clause, const incload__capture *capture, const char *suffix)
{
    char name[INCLOAD__CAPTURE_NAME + 8];

    snprintf(name, sizeof name, "%.*s%s", (int)INCLOAD__CAPTURE_NAME, capture->changes->name, suffix);
    incload__clause_name(clause, "", name);
}

void
incload__capture_full_name(incload__clause *clause, const incload__capture *capture, const char *suffix)
{
    if (capture->changes->schema != NULL) {
        incload__clause_name(clause, "", capture->changes->schema);
        incload__clause_add(clause, ".");
    }
    incload__capture_name(clause, capture, suffix);
}

static void
add_columns(incload__clause *clause, int32_t count, int32_t key_count, const char *extra)
{
    incload__clause_add(clause, " (incload_op, incload_us");
    for (int32_t i = 0; i < count; i++)
        add_number(clause, i < key_count ? ", incload_k" : ", incload_j", i % key_count);
    incload__clause_add(clause, extra != NULL ? ", " : "");
    incload__clause_add(clause, extra != NULL ? extra : "");
    incload__clause_add(clause, ")");
}

void
incload__capture_columns(incload__clause *clause, const incload__capture *capture, const char *extra)
{
    add_columns(clause, 2 * capture->key_count, capture->key_count, extra);
}

void
incload__capture_insert(incload__clause *clause, const incload__capture *capture, const char *before,
                        const char *behind, const char *extra)
{
    int32_t count = before != NULL ? 2 * capture->key_count : 0;

    incload__clause_add(clause, "INSERT INTO ");
    incload__clause_table(clause, capture->changes);
    add_columns(clause, count, capture->key_count, extra);
    incload__clause_add(clause, before != NULL ? " VALUES ('R', " : " VALUES ('T', ");
    incload__clause_add(clause, capture->dialect->now_us);
    for (int32_t i = 0; i < count; i++) {
        bool first = i < capture->key_count;
        incload__clause_add(clause, ", ");
        incload__clause_name(clause, first ? before : behind, key_name(capture, i % capture->key_count));
    }
    incload__clause_add(clause, extra != NULL ? ", NULL)" : ")");
}

void
incload__capture_keys(incload__clause *clause, const incload__capture *capture, const char *separator)
{
    for (int32_t i = 0; i < 2 * capture->key_count; i++) {
        int32_t key = i % capture->key_count;
        incload__clause_name(clause, i == 0 ? separator : ", ", key_name(capture, key));
        add_number(clause, i < capture->key_count ? " AS incload_k" : " AS incload_j", key);
    }
}

static void
add_exact(incload__clause *clause, const char *prefix, const char *name)
{
    const char *const *exact = clause->dialect->capture->exact;

    incload__clause_add(clause, exact[0]);
    incload__clause_name(clause, prefix, name);
    incload__clause_add(clause, exact[1]);
}

void
incload__capture_literal(incload__clause *clause, const char *text)
{
    incload__clause_add(clause, "'");
    for (; *text != '\0'; text++) {
        if (*text == '\'' || (*text == '\\' && clause->dialect == &incload__dialect_mariadb))
            incload__str_add_char(clause->out, *text);
        incload__str_add_char(clause->out, *text);
    }
    incload__clause_add(clause, "'");
}

const incload__capture_trigger incload__capture_triggers[INCLOAD__CAPTURE_TRIGGERS] = {
    { "_i", " AFTER INSERT ON ", "NEW.", "NEW." },
    { "_u", " AFTER UPDATE ON ", "OLD.", "NEW." },
    { "_d", " AFTER DELETE ON ", "OLD.", "OLD." },
};

int32_t
incload__capture_drop(incload__statements *out, const incload__capture *capture, const char *const *suffixes,
                      incload_error **err)
{
    int32_t status = INCLOAD_OK;
    bool table = false;

    for (; !table && status == INCLOAD_OK; suffixes++) {
        incload__str sql = INCLOAD__STR(out->mem);
        incload__clause clause = begin(&sql, capture, err);
        table = *suffixes == NULL;
        incload__clause_add(&clause, table ? "DROP TABLE IF EXISTS " : "DROP TRIGGER IF EXISTS ");
        if (table)
            incload__clause_table(&clause, capture->changes);
        else
            incload__capture_full_name(&clause, capture, *suffixes);
        status = incload__clause_finish(&clause, out, false);
        incload__str_free(&sql);
    }
    return status;
}

/* ---- reading it ---- */

int32_t
incload__capture_numbers(incload__str *out, const incload__capture *capture, int64_t limit, incload_error **err)
{
    incload__clause clause = begin(out, capture, err);

    incload__clause_add(&clause, "SELECT incload_no, incload_op FROM ");
    incload__clause_table(&clause, capture->changes);
    add_number(&clause, " ORDER BY incload_no LIMIT ", limit);
    return incload__clause_status(&clause);
}

/* Keys that a collation takes for one ('a' and 'A') may be two in the target: they are told apart. */
void
incload__capture_key(incload__clause *clause, const char *column, int32_t index, bool named)
{
    incload__clause_name(clause, index == 0 ? "SELECT " : ", ", column);
    if (!named)
        add_number(clause, " AS incload_k", index);
    incload__clause_add(clause, ", ");
    add_exact(clause, "", column);
    add_number(clause, " AS incload_e", index);
}

static void
add_touched(incload__clause *clause, const incload__capture *capture, const char *which, int64_t last)
{
    for (int32_t i = 0; i < capture->key_count; i++) {
        char name[24];
        snprintf(name, sizeof name, "incload_%s%d", which, (int)i);
        incload__capture_key(clause, name, i, true);
    }
    incload__clause_add(clause, " FROM ");
    incload__clause_table(clause, capture->changes);
    add_number(clause, " WHERE incload_op = 'R' AND incload_no <= ", last);
}

void
incload__capture_join_begin(incload__clause *clause, const incload__capture *capture)
{
    for (int32_t i = 0; i < capture->key_count; i++)
        add_number(clause, i == 0 ? "SELECT c.incload_k" : ", c.incload_k", i);
    for (int32_t i = 0; i < capture->columns->count; i++)
        incload__clause_name(clause, ", t.", capture->columns->columns[i].name);
    incload__clause_add(clause, " FROM (");
}

void
incload__capture_join_end(incload__clause *clause, const incload__capture *capture)
{
    incload__clause_add(clause, ") AS c LEFT JOIN ");
    incload__clause_table(clause, capture->source);
    for (int32_t i = 0; i < capture->key_count; i++) {
        incload__clause_name(clause, i == 0 ? " AS t ON t." : " AND t.", key_name(capture, i));
        add_number(clause, " = c.incload_k", i);
        incload__clause_add(clause, " AND ");
        add_exact(clause, "t.", key_name(capture, i));
        add_number(clause, " = c.incload_e", i);
    }
}

int32_t
incload__capture_rows(incload__str *out, const incload__capture *capture, int64_t last, incload_error **err)
{
    incload__clause clause = begin(out, capture, err);

    incload__capture_join_begin(&clause, capture);
    add_touched(&clause, capture, "k", last);
    incload__clause_add(&clause, " UNION ");
    add_touched(&clause, capture, "j", last);
    incload__capture_join_end(&clause, capture);
    return incload__clause_status(&clause);
}

int32_t
incload__capture_remove(incload__str *out, const incload__capture *capture, const int64_t *numbers, int64_t count,
                        incload_error **err)
{
    const char *const *words = capture->dialect->capture->remove;
    incload__clause clause = begin(out, capture, err);

    incload__clause_add(&clause, words[0]);
    incload__clause_table(&clause, capture->changes);
    incload__clause_add(&clause, words[1]);
    incload__clause_add(&clause, words[2]);
    for (int64_t i = 0; i < count; i++)
        add_number(&clause, i == 0 ? " IN (" : ", ", numbers[i]);
    incload__clause_add(&clause, ")");
    return incload__clause_status(&clause);
}

int32_t
incload__capture_pending(incload__str *out, const incload__capture *capture, incload_error **err)
{
    incload__clause clause = begin(out, capture, err);

    incload__clause_add(&clause, "SELECT COUNT(*), MIN(incload_us), ");
    incload__clause_add(&clause, capture->dialect->now_us);
    incload__clause_add(&clause, " FROM ");
    incload__clause_table(&clause, capture->changes);
    return incload__clause_status(&clause);
}
