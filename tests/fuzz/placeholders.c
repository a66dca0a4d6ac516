/* SPDX-License-Identifier: Apache-2.0 */
/* Finding the parameters of a statement. It is made of pieces: one byte for the dialect, then for each piece a byte for
 * what it is and a text. Names are quoted by the dialect, texts by the reader's rules, comments are what the server
 * skips: as many parameters are found as were put in, in their order, and names and texts stay as they are. */
#include "driver/libpq/params.h"
#include "driver/odbc/odbc.h"
#include "input.h"

enum { MOST_PIECES = 12, PLACEHOLDERS = 8 };
enum { PLACEHOLDER, NAME, TEXT, LINE_COMMENT, BLOCK_COMMENT, NESTED_COMMENT, PIECES };

static const incload__dialect *const dialects[] = {
    &incload__dialect_postgres, &incload__dialect_mariadb, &incload__dialect_sqlite, &incload__dialect_sqlserver,
};

typedef struct statement {
    const incload__dialect *dialect;
    incload__str sql;
    incload__str kept[MOST_PIECES]; /* names and texts */
    int32_t kept_count;
    int32_t order[PLACEHOLDERS];
    int32_t placeholders;
} statement;

static void
add_text(statement *s, const char *text)
{
    bool backslash = s->dialect == &incload__dialect_mariadb;
    incload__str *out = &s->kept[s->kept_count++];

    incload__str_add_char(out, '\'');
    for (; *text != '\0'; text++) {
        if (*text == '\'' || (backslash && *text == '\\'))
            incload__str_add_char(out, *text);
        incload__str_add_char(out, *text);
    }
    incload__str_add_char(out, '\'');
    incload__str_add(&s->sql, out->data);
}

static void
add_name(statement *s, const char *text)
{
    incload__str *out = &s->kept[s->kept_count];

    if (s->dialect->quote(out, "column", text, NULL) != INCLOAD_OK)
        return;
    incload__str_add(&s->sql, out->data);
    s->kept_count++;
}

static void
add_placeholder(statement *s, uint8_t which)
{
    if (s->placeholders == PLACEHOLDERS)
        return;
    bool numbered = s->dialect->numbered_params;
    int32_t number = numbered ? which % PLACEHOLDERS : s->placeholders;
    s->order[s->placeholders++] = number;
    if (numbered)
        incload__str_addf(&s->sql, "$%d", (int)number + 1);
    else
        incload__str_add_char(&s->sql, '?');
}

/* Without what would end it. */
static void
add_comment(statement *s, const char *text, int32_t kind)
{
    incload__str_add(&s->sql, kind == LINE_COMMENT ? "-- " : "/* ");
    if (kind == NESTED_COMMENT)
        incload__str_add(&s->sql, "/* ");
    for (; *text != '\0'; text++) {
        bool ends = kind == LINE_COMMENT ? *text == '\n' || *text == '\r' : *text == '*' || *text == '/';
        incload__str_add_char(&s->sql, ends ? '.' : *text);
    }
    if (kind == NESTED_COMMENT)
        incload__str_add(&s->sql, " */");
    incload__str_add(&s->sql, kind == LINE_COMMENT ? "\n" : "*/");
}

static bool
nests(const incload__dialect *dialect)
{
    return dialect == &incload__dialect_postgres || dialect == &incload__dialect_sqlserver;
}

static void
take_piece(input *in, statement *s)
{
    uint8_t what = take_byte(in);
    char *text = take_text(in);
    int32_t kind = what % PIECES;

    if (kind == NESTED_COMMENT && !nests(s->dialect))
        kind = BLOCK_COMMENT;
    if (kind == PLACEHOLDER)
        add_placeholder(s, what / PIECES);
    else if (kind == NAME)
        add_name(s, text);
    else if (kind == TEXT)
        add_text(s, text);
    else
        add_comment(s, text, kind);
    incload__str_add(&s->sql, (what & 0x80) != 0 ? " = " : ",");
    free(text);
}

/* Each, behind the one before. */
static void
check_kept(const statement *s, const char *text)
{
    for (int32_t i = 0; i < s->kept_count; i++) {
        const char *found = strstr(text, s->kept[i].data);
        fuzz_check(found != NULL, "names and texts stay as they are");
        text = found + s->kept[i].length;
    }
}

static void
rewrite_for_odbc(const statement *s)
{
    incload__conn conn = { .dialect = s->dialect, .env = &incload__env_system };
    incload__str out = INCLOAD__STR(&incload__mem_libc);
    int32_t most = s->dialect->numbered_params ? PLACEHOLDERS : s->placeholders;
    int32_t *order = NULL, count = -1;
    incload_error *err = NULL;

    int32_t status = incload__params_rewrite(&conn, s->sql.data, most, &out, &order, &count, &err);
    fuzz_check(status == INCLOAD_OK, "the statement is understood");
    check_outcome(status, &err, NULL);
    fuzz_check(count == s->placeholders, "as many parameters are found as there are");
    for (int32_t i = 0; i < count; i++)
        fuzz_check(order[i] == s->order[i], "in their order");
    check_kept(s, out.data);
    incload__free(&incload__mem_libc, order);
    incload__str_free(&out);
}

static void
replace_for_libpq(const statement *s)
{
    static const char *const words[PLACEHOLDERS] = { "@a", "@b", "@c", "@d", "@e", "@f", "@g", "@h" };
    incload__str out = INCLOAD__STR(&incload__mem_libc);
    incload_error *err = NULL;

    int32_t status = incload__params_replace(&out, s->sql.data, words, words, PLACEHOLDERS, &err);
    fuzz_check(status == INCLOAD_OK, "the statement is understood");
    check_outcome(status, &err, NULL);
    check_kept(s, out.data);
    incload__str_free(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    input in = { data, size };
    statement s = { .dialect = dialects[take_byte(&in) % 4], .sql = INCLOAD__STR(&incload__mem_libc) };

    for (int32_t i = 0; i < MOST_PIECES; i++)
        s.kept[i] = (incload__str)INCLOAD__STR(&incload__mem_libc);
    incload__str_add(&s.sql, "SELECT ");
    for (int32_t i = 0; i < MOST_PIECES && in.left > 0; i++)
        take_piece(&in, &s);
    rewrite_for_odbc(&s);
    if (s.dialect == &incload__dialect_postgres)
        replace_for_libpq(&s);
    for (int32_t i = 0; i < MOST_PIECES; i++)
        incload__str_free(&s.kept[i]);
    incload__str_free(&s.sql);
    return 0;
}
