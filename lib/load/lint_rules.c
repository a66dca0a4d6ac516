/* SPDX-License-Identifier: Apache-2.0 */
/* The rules: each looks at one thing, and names the object it has found. */
#include <string.h>

#include "base/utf8.h"
#include "load/lint.h"
#include "load/mode.h"

/* Seconds after which a transaction is long; characters past which a key is wide. */
enum { LONG_TRANSACTION = 300, WIDE_KEY = 100 };

static bool
is_on(const char *text)
{
    return text != NULL && strcmp(text, "1") == 0;
}

static const incload__mode *
mode_of(const incload__linted *at)
{
    return incload__mode_by_write(at->how->write);
}

/* The cursor that decides which rows are read; NULL where none does, or where it is not a table's. */
static const incload__column *
cursor_of(const incload__linted *at)
{
    int32_t column = at->has_source && at->how->window == INCLOAD__WINDOW_SINCE && at->how->cursor != NULL
                         ? incload__schema_find(&at->source.shape, at->how->cursor)
                         : -1;

    return column >= 0 ? &at->source.shape.columns[column] : NULL;
}

static const char *
cursor_fact(const incload__linted *at, int32_t what)
{
    const char *text = incload__looked_column(&at->source, at->how->cursor, what);

    return text != NULL ? text : "";
}

static bool
name_cursor(const incload__linted *at, incload__str *object)
{
    char table[200];

    incload__str_addf(object, "%s.%.80s", incload__table_text(&at->source.name, table, sizeof table), at->how->cursor);
    return true;
}

static bool
name_source(const incload__linted *at, incload__str *object)
{
    char table[200];

    incload__str_add(object, incload__table_text(&at->source.name, table, sizeof table));
    return true;
}

static bool
name_target(const incload__linted *at, incload__str *object)
{
    char table[200];

    incload__str_add(object, incload__table_text(&at->target.name, table, sizeof table));
    return true;
}

/* The target's name of a source's column. */
static const char *
renamed(const incload__linted *at, const char *name)
{
    for (int32_t i = 0; i < at->columns.count; i++) {
        if (at->columns.items[i].alias != NULL && strcmp(at->columns.items[i].name, name) == 0)
            return at->columns.items[i].alias;
    }
    return name;
}

/* The key's columns in a table; false when one is not there. */
static bool
find_key(const incload__linted *at, const incload__looked *table, bool in_target, int32_t *key)
{
    for (int32_t i = 0; i < at->key.count && i < MAX_KEY; i++) {
        const char *name = in_target ? renamed(at, at->key.items[i].name) : at->key.items[i].name;
        key[i] = incload__schema_find(&table->shape, name);
        if (key[i] < 0)
            return false;
    }
    return at->key.count > 0 && at->key.count <= MAX_KEY;
}

/* With write=scd2 the target's key has the versions' time behind it. */
static bool
key_is_unique(const incload__linted *at, const incload__looked *table, bool in_target)
{
    bool versions = in_target && at->how->write == INCLOAD__WRITE_SCD2;
    int32_t key[MAX_KEY + 1], count = at->key.count;

    if (!find_key(at, table, in_target, key))
        return false;
    if (versions) {
        key[count] = incload__schema_find(&table->shape, at->how->valid_from_column);
        if (key[count++] < 0)
            return false;
    }
    return incload__keys_match(&table->keys, &table->shape, key, count);
}

/* Runs of the mode are refused without a unique key in the target. A group of rows need not be one row, but only a
 * window of all rows brings whole groups. */
static bool
needs_unique(const incload__linted *at)
{
    bool parts_of_groups =
        at->how->write == INCLOAD__WRITE_DELETE_INSERT && at->how->window != INCLOAD__WINDOW_ALL;

    return mode_of(at)->needs_unique || at->how->write == INCLOAD__WRITE_SCD2 || parts_of_groups;
}

/* One row of each key lands, whatever comes. Not with scd2_compare=timestamp, where each is a version. */
static bool
one_row_lands(const incload__linted *at)
{
    if (at->how->write == INCLOAD__WRITE_SCD2)
        return at->how->scd2_compare == INCLOAD__SCD2_COLUMNS;
    return needs_unique(at) || (at->has_target && key_is_unique(at, &at->target, true));
}

/* ---- the rules ---- */

static bool
target_not_transactional(const incload__linted *at, incload__str *object)
{
    const char *transactions = incload__rows_get(&at->target_engine, 0, 1);

    return transactions != NULL && !is_on(transactions) && name_target(at, object);
}

static bool
no_unique_key(const incload__linted *at, incload__str *object)
{
    return needs_unique(at) && at->has_target && !key_is_unique(at, &at->target, true) && name_target(at, object);
}

static bool
latest_by_missing(const incload__linted *at, incload__str *object)
{
    return at->key.count > 0 && at->has_source && at->how->latest_by == NULL && one_row_lands(at)
           && !key_is_unique(at, &at->source, false) && name_source(at, object);
}

static bool
key_nullable(const incload__linted *at, incload__str *object)
{
    int32_t key[MAX_KEY];

    if (!mode_of(at)->needs_key || !at->has_source || !find_key(at, &at->source, false, key))
        return false;
    for (int32_t i = 0; i < at->key.count; i++) {
        if (at->source.shape.columns[key[i]].nullable)
            return name_source(at, object);
    }
    return false;
}

static bool
wide_key(const incload__linted *at, incload__str *object)
{
    int32_t key[MAX_KEY];

    if (!mode_of(at)->needs_key || !at->has_source || !find_key(at, &at->source, false, key))
        return false;
    for (int32_t i = 0; i < at->key.count; i++) {
        incload__type type = at->source.shape.columns[key[i]].type;
        if (type.kind == INCLOAD__TEXT && (type.precision == 0 || type.precision > WIDE_KEY))
            return name_source(at, object);
    }
    return false;
}

static bool
cursor_not_indexed(const incload__linted *at, incload__str *object)
{
    return cursor_of(at) != NULL && !is_on(cursor_fact(at, INCLOAD__LOOK_INDEXED)) && name_cursor(at, object);
}

static bool
cursor_nullable(const incload__linted *at, incload__str *object)
{
    const incload__column *cursor = cursor_of(at);

    return cursor != NULL && cursor->nullable && at->how->null_cursor == INCLOAD__NULL_CURSOR_RAISE
           && name_cursor(at, object);
}

/* MariaDB's TIMESTAMP is kept in UTC, whatever the sessions' zone is. */
static bool
cursor_without_zone(const incload__linted *at, incload__str *object)
{
    const incload__column *cursor = cursor_of(at);

    if (cursor == NULL || cursor->type.kind != INCLOAD__TIMESTAMP || at->how->cursor_zone != NULL)
        return false;
    if (at->from == &incload__dialect_mariadb && incload__ascii_prefix(cursor->native, "timestamp"))
        return false;
    return name_cursor(at, object);
}

static bool
cursor_date_only(const incload__linted *at, incload__str *object)
{
    const incload__column *cursor = cursor_of(at);

    return cursor != NULL && cursor->type.kind == INCLOAD__DATE && name_cursor(at, object);
}

static bool
is_stamp(const incload__column *cursor)
{
    return cursor != NULL
           && (cursor->type.kind == INCLOAD__TIMESTAMP || cursor->type.kind == INCLOAD__TIMESTAMPTZ
               || cursor->type.kind == INCLOAD__DATE);
}

/* A trigger that fires before (SQLite: at) updates, or the server itself. */
static bool
is_set_at_update(const incload__linted *at)
{
    const char *extra = cursor_fact(at, INCLOAD__LOOK_EXTRA);

    for (const char *word = extra; *word != '\0'; word++) {
        if (incload__ascii_prefix(word, "on update"))
            return true;
    }
    return is_on(incload__rows_get(&at->source.table, 0, INCLOAD__LOOK_TRIGGER));
}

static bool
cursor_has_default(const incload__linted *at)
{
    const char *text = cursor_fact(at, INCLOAD__LOOK_DEFAULT);

    return text[0] != '\0' && !incload__ascii_equal(text, "NULL");
}

static bool
cursor_set_by_client(const incload__linted *at, incload__str *object)
{
    return is_stamp(cursor_of(at)) && !cursor_has_default(at) && !is_set_at_update(at) && name_cursor(at, object);
}

static bool
cursor_not_set_at_update(const incload__linted *at, incload__str *object)
{
    return is_stamp(cursor_of(at)) && cursor_has_default(at) && !is_set_at_update(at) && name_cursor(at, object);
}

static bool
activities_not_tracked(const incload__linted *at, incload__str *object)
{
    const char *tracked = incload__rows_get(&at->source_server, 0, INCLOAD__LINT_TRACKED);

    if (at->how->window != INCLOAD__WINDOW_SINCE || tracked == NULL || is_on(tracked))
        return false;
    incload__str_add(object, "source server");
    return true;
}

static bool
long_transaction(const incload__linted *at, incload__str *object)
{
    const char *oldest = incload__rows_get(&at->source_server, 0, INCLOAD__LINT_OLDEST);
    int64_t seconds = 0;

    if (at->how->window != INCLOAD__WINDOW_SINCE || oldest == NULL
        || !incload__parse_int64(oldest, strlen(oldest), &seconds) || seconds < LONG_TRANSACTION)
        return false;
    incload__str_addf(object, "source server, a transaction of %lld s", (long long)seconds);
    return true;
}

static bool
target_not_utc(const incload__linted *at, incload__str *object)
{
    static const char *const utc[] = { "UTC", "Etc/UTC", "GMT", "+00:00", "Universal", "Zulu", "Etc/GMT" };
    const char *zone = incload__rows_get(&at->target_server, 0, INCLOAD__LINT_ZONE);

    for (size_t i = 0; zone != NULL && i < sizeof utc / sizeof utc[0]; i++) {
        if (incload__ascii_equal(zone, utc[i]))
            return false;
    }
    if (zone == NULL)
        return false;
    incload__str_addf(object, "target server, zone %.60s", zone);
    return true;
}

static const struct {
    const char *id;
    int32_t severity;
    bool (*finds)(const incload__linted *at, incload__str *object);
    const char *text;
    const char *remedy;
} rules[] = {
    { "target_not_transactional", INCLOAD__SEVERITY_ERROR, target_not_transactional,
      "the target's engine has no transactions: a load that fails would leave half of its rows, so every run is "
      "refused",
      "ALTER TABLE ... ENGINE=InnoDB" },
    { "no_unique_key", INCLOAD__SEVERITY_ERROR, no_unique_key,
      "the target has no unique index on the key: a load could double rows, so every run is refused",
      "create a primary key or unique index on exactly the columns of option 'key' (write=scd2: and valid_from)" },
    { "latest_by_missing", INCLOAD__SEVERITY_WARNING, latest_by_missing,
      "the key is not unique in the source: of several rows of one key in one load the one read last wins",
      "set option 'latest_by' to the column whose greatest value is the latest, or make the key unique" },
    { "key_nullable", INCLOAD__SEVERITY_WARNING, key_nullable,
      "a column of the key may be NULL: such rows have no identity, and let the load fail",
      "declare the columns of the key NOT NULL, or put such rows aside by bad_rows=reject" },
    { "wide_key", INCLOAD__SEVERITY_INFO, wide_key,
      "the key is a long text: every load compares it, and every index holds it",
      "take a short unique column, if there is one" },
    { "cursor_not_indexed", INCLOAD__SEVERITY_WARNING, cursor_not_indexed,
      "no index begins with the cursor: every load reads the whole table",
      "create an index on the cursor column of the source" },
    { "cursor_nullable", INCLOAD__SEVERITY_WARNING, cursor_nullable,
      "the cursor may be NULL: the first such row lets every load fail",
      "declare it NOT NULL, or set null_cursor=include or null_cursor=exclude" },
    { "cursor_without_zone", INCLOAD__SEVERITY_WARNING, cursor_without_zone,
      "the cursor has no time zone: its values depend on the zone of the session that writes, and go back by an hour "
      "in autumn where that is not UTC",
      "take a type with a time zone, or tell the zone by option 'cursor_zone'" },
    { "cursor_date_only", INCLOAD__SEVERITY_WARNING, cursor_date_only,
      "the cursor tells days only: every load reads the rows of the last day again",
      "take a column of date and time" },
    { "cursor_set_by_client", INCLOAD__SEVERITY_WARNING, cursor_set_by_client,
      "nothing in the database sets the cursor: the writers' clocks do, and rows with late stamps are found by deep "
      "reads only",
      "let a default and a trigger before updates set it (MariaDB: DEFAULT and ON UPDATE CURRENT_TIMESTAMP(6))" },
    { "cursor_not_set_at_update", INCLOAD__SEVERITY_WARNING, cursor_not_set_at_update,
      "the cursor is set when a row is made, but nothing sets it when it changes: changes that do not set it "
      "themselves are not found",
      "let a trigger before updates set it (MariaDB: ON UPDATE CURRENT_TIMESTAMP(6))" },
    { "activities_not_tracked", INCLOAD__SEVERITY_WARNING, activities_not_tracked,
      "the source does not track sessions' activities: who is in flight cannot be told, and loads are less exact",
      "set track_activities=on" },
    { "long_transaction", INCLOAD__SEVERITY_WARNING, long_transaction,
      "a transaction has been open for long: every load looks back to its begin until it ends",
      "end it; incload_run_held_by() names it" },
    { "target_not_utc", INCLOAD__SEVERITY_INFO, target_not_utc,
      "the target's sessions are not in UTC by default: instants are written as UTC, and may be read as local time",
      "set the server's or the database's default time zone to UTC, or read with a zone" },
};

int32_t
incload__lint_judge(const incload__linted *at, incload__findings *out, incload_error **err)
{
    _Static_assert(sizeof rules / sizeof rules[0] <= sizeof out->items / sizeof out->items[0], "there is room for all");

    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        incload__str object = INCLOAD__STR(out->mem);
        if (!rules[i].finds(at, &object)) {
            incload__str_free(&object);
            continue;
        }
        incload__finding *finding = &out->items[out->count++];
        *finding = (incload__finding){ rules[i].id, rules[i].severity, incload__str_take(&object), rules[i].text,
                                       rules[i].remedy };
        if (finding->object == NULL)
            return incload__fail_memory(err);
    }
    return INCLOAD_OK;
}
