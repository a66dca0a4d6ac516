/* SPDX-License-Identifier: Apache-2.0 */
#include "load/strategy.h"

#include <stdatomic.h>
#include <string.h>

#include "sched/context.h"

#define AT(field) offsetof(incload__strategy_values, field)
#define TEXT(name, field, description)                                                                                \
    { name, INCLOAD_OPTION_TEXT, AT(field), "", 0, 0, "", "", "0.1", description }
#define NAME(name, field, preset, description)                                                                        \
    { name, INCLOAD_OPTION_TEXT, AT(field), preset, 0, 0, "", "", "0.1", description }
#define LIST(name, field, description)                                                                                \
    { name, INCLOAD_OPTION_LIST, AT(field), "", 0, 0, "", "", "0.1", description }
#define CHOICE(name, field, preset, words, description)                                                               \
    { name, INCLOAD_OPTION_CHOICE, AT(field), preset, 0, 0, "", words, "0.1", description }
#define BOOLEAN(name, field, preset, description)                                                                     \
    { name, INCLOAD_OPTION_BOOLEAN, AT(field), preset, 0, 0, "", "", "0.1", description }
#define DURATION(name, field, preset, description)                                                                    \
    { name, INCLOAD_OPTION_DURATION, AT(field), preset, 0, 2592000000, "ms", "", "0.1", description }
#define INTEGER(name, field, preset, least, most, unit, description)                                                  \
    { name, INCLOAD_OPTION_INTEGER, AT(field), preset, least, most, unit, "", "0.1", description }

static const incload__option strategy_option_list[] = {
    CHOICE("window", window, "all", "all since interval",
           "Which rows are read: all of them, those past the watermark by the cursor, or those whose cursor lies in "
           "[initial, until), which moves no watermark."),
    CHOICE("write", write, "append", "append merge insert_new delete_insert replace_interval replace scd2 swap",
           "How rows land: inserted; merged by key (a row whose key is there updates it, another is inserted); "
           "inserted only where their key is not there; in place of all target rows of the keys that come; in place of "
           "the target's rows in [initial, until); in place of all rows, all in one transaction; with scd2 as a new "
           "version of the row, which ends the version before; or with swap in a new table that takes the target's "
           "place in one moment."),
    TEXT("cursor", cursor,
         "The column that grows when a row changes, such as updated_at, or that says when it belongs. Needed by "
         "window=since and window=interval."),
    LIST("key", key,
         "The columns that identify a row (with write=delete_insert: a group of rows). Needed by write=merge and "
         "insert_new, for which the target must have a unique key on them, as a created target has, and by "
         "delete_insert."),
    LIST("columns", columns,
         "The source's columns to load, in the form source or source:target where the name differs. All columns under "
         "their own names when empty. Cursor and key are named as in the source, and must be among them."),
    CHOICE("null_cursor", null_cursor, "raise", "raise include exclude",
           "What to do about rows whose cursor is NULL or infinite, which no watermark can cover: fail, load them in "
           "every "
           "run (where write can bear a row that comes again), or leave them out. They are counted in any case."),
    TEXT("initial", initial,
         "Where the first load starts, or the interval: a cursor value in the source's own text; rows at or past it "
         "are read. From the beginning when empty."),
    TEXT("until", until,
         "Where reading ends: a cursor value in the source's own text; rows at or past it are left for later."),
    TEXT("latest_by", latest_by,
         "When one load brings several rows of one key: the column whose greatest value wins. The row read last wins "
         "when "
         "empty. Between loads the later load always wins."),
    CHOICE("missing_state", missing_state, "fail", "fail derive full",
           "What to do when the target has rows but no watermark is recorded: refuse; take the greatest cursor value "
           "in the "
           "target as the watermark; or read everything again (where write can bear a row that comes again)."),
    BOOLEAN("create_target", create_target, "true",
            "Create the target table in the shape of the source when it is missing. Refuse when false."),
    BOOLEAN("append_to_rows", append_to_rows, "false",
            "Let write=append without a watermark add to a target that has rows already, which may repeat rows loaded "
            "before."),
    CHOICE("road", road, "auto", "auto same-database relay batches",
           "The road the rows take. The fastest that is possible by itself; another name forces that road or fails."),
    INTEGER("batch_rows", batch_rows, "8192", 1, 1000000, "rows", "The most rows of a batch."),
    INTEGER("batch_bytes", batch_bytes, "1048576", 1024, 1073741824, "bytes",
            "About the most memory of a batch. A single larger row still passes."),
    INTEGER(
        "page_rows", page_rows, "10000", 1, 10000000, "rows",
        "Rows of a page where the source's driver would buffer a whole result (MariaDB): more is faster, less is less "
        "memory."),
    CHOICE(
        "horizon", horizon, "auto", "auto none",
        "Whether a load looks at what was in flight in the source, so that rows committed behind the watermark are "
        "found: wherever the source shows it, or never. With none the cursor alone decides, and such rows are lost."),
    CHOICE(
        "deep", deep, "auto", "auto always never",
        "Deep reads look at the whole table for rows that their stamps would hide, and count them: now and then (see "
        "deep_every), in every load, or never."),
    DURATION("deep_every", deep_every, "1h", "How long may pass between deep reads when deep=auto."),
    DURATION("lookback", lookback, "0",
             "How far below the watermark rows are read again where nothing shows what was in flight; twice the worst "
             "lateness that a deep read has met, if that is more."),
    INTEGER("lookback_count", lookback_count, "0", 0, INT64_MAX, "",
            "The same for a cursor of integers, in its own unit."),
    TEXT("cursor_zone", cursor_zone,
         "The time zone of a cursor without one, such as UTC or Europe/Berlin: what the sessions that write it are set "
         "to. The source's own default when empty."),
    CHOICE("detect_deletes", detect_deletes, "none", "none keys digest",
           "How rows that were deleted in the source are found: not at all; by reading all its keys in the snapshot of "
           "the load and deleting (or marking, see deletes) what the target has beyond them; or by comparing digests "
           "of keys, range by range, which the servers compute (PostgreSQL, MariaDB), and reading the keys of ranges "
           "that differ. Needs write=merge."),
    BOOLEAN("delete_all", delete_all, "false",
            "Let detect_deletes empty the target, or scd2_deletes end every version, when the source has no row left. "
            "Refused otherwise."),
    INTEGER("min_rows", min_rows, "0", 0, INT64_MAX, "rows",
            "Refuse to publish when a load brings fewer rows than this. 0 sets no limit."),
    INTEGER("max_rows", max_rows, "0", 0, INT64_MAX, "rows",
            "Refuse to publish when a load brings more rows than this. 0 sets no limit."),
    INTEGER("max_shrink", max_shrink, "-1", -1, 100, "per cent",
            "Refuse to publish when the target would lose more than this share of its rows: by write=replace, "
            "write=swap or detect_deletes. 100 sets no limit; -1 stands for 50, with tables of fewer than 1,000 rows "
            "left alone."),
    LIST("check_not_null", check_not_null,
         "Columns, named as in the source, that must not be NULL in any row that is about to be published."),
    LIST("check_unique", check_unique,
         "Columns, named as in the source, that together must not repeat among the rows that are about to be "
         "published. Rows with a NULL in one of them do not count."),
    CHOICE("bad_rows", bad_rows, "fail", "fail reject",
           "What to do about rows that the target refuses for what is in them (a value out of range, a constraint): "
           "fail the load, or put them into the ledger's table of rejects and load the others."),
    INTEGER("max_rejected", max_rejected, "1000", 0, INT64_MAX, "rows",
            "With bad_rows=reject: the load fails when more rows than this are bad."),
    INTEGER("max_rejected_percent", max_rejected_percent, "100", 0, 100, "per cent",
            "With bad_rows=reject: the load fails when more than this share of the rows it read is bad."),
    CHOICE("scd2_compare", scd2_compare, "columns", "columns timestamp",
           "What makes a new version with write=scd2: a difference in a column outside of the key, which is valid from "
           "the time of the load (the target's clock); or a newer time in latest_by (else cursor), from which it is "
           "valid."),
    LIST("scd2_columns", scd2_columns,
         "The source's columns that are compared with scd2_compare=columns; a change in others alone makes no version. "
         "All outside of the key when empty."),
    CHOICE("scd2_deletes", scd2_deletes, "ignore", "ignore invalidate new_record",
           "What write=scd2 does about keys that a full window (window=all) does not bring: nothing; end their current "
           "version; or end it and add one that is marked in is_deleted_column."),
    NAME("valid_from_column", valid_from_column, "valid_from",
         "The target's column with the time from which a version is valid (write=scd2)."),
    NAME("valid_to_column", valid_to_column, "valid_to",
         "The target's column with the time up to which a version is valid, NULL in the current one (write=scd2)."),
    NAME("current_column", current_column, "is_current",
         "The target's column that marks current versions (write=scd2)."),
    NAME("is_deleted_column", is_deleted_column, "is_deleted",
         "The target's column that marks versions of deleted keys (scd2_deletes=new_record)."),
    CHOICE("new_columns", new_columns, "evolve", "evolve ignore error",
           "What to do about a column that is new in the source since the load ran before: add it to the target, where "
           "older rows have NULL in it; leave it out; or refuse."),
    CHOICE("widened_types", widened_types, "evolve", "evolve ignore error",
           "What to do about a column whose type was widened in the source: widen it in the target; keep the target's "
           "type and fail only at a value that does not fit; or refuse."),
    CHOICE("dropped_columns", dropped_columns, "error", "evolve ignore error",
           "What to do about a column that earlier loads filled and the source no longer has: drop it from the target "
           "with all that it holds; keep it, with NULL or its default in new rows; or refuse."),
    CHOICE("changed_types", changed_types, "error", "evolve ignore error",
           "What to do about a column whose type in the source is another, not a wider one: change the target's where "
           "its values can be cast without loss; keep the target's type and fail only at a value that does not fit; or "
           "refuse."),
    BOOLEAN("allow_empty", allow_empty, "false",
            "Let write=replace or write=swap empty the target when no row came. Refused otherwise."),
    TEXT("delete_marker", delete_marker,
         "The source's column that marks a row as deleted: by true (boolean), by anything but 0 (integer), by d, "
         "delete, deleted, t, true, y, yes or 1 in any case of letters (text), or by being there at all (date, "
         "timestamp). NULL marks nothing. The column is stored only where the target has it. Needs write=merge."),
    CHOICE("deletes", deletes, "hard", "hard soft",
           "What becomes of a target row that is deleted in the source, as delete_marker or detect_deletes finds "
           "it: it is deleted, or it keeps its values and is marked by deleted_column and deleted_at_column. A row "
           "that comes back is unmarked."),
    TEXT("deleted_column", deleted_column,
         "With deletes=soft: the target's column, boolean or integer, that is true for a deleted row. _deleted when "
         "empty."),
    TEXT("deleted_at_column", deleted_at_column,
         "With deletes=soft: the target's timestamp column for when a load found the row deleted, in UTC. deleted_at "
         "when empty."),
    CHOICE("swap_by", swap_by, "rename", "rename partition",
           "With write=swap: how the new table takes the target's place, by renaming both; or, on PostgreSQL, as a "
           "partition of the target, in place of the one whose bounds are those of window=interval, or of "
           "swap_partition."),
    DURATION("lock_timeout", lock_timeout, "100ms",
             "With write=swap: the longest that one try waits for the target's exclusive lock, and so the longest that "
             "readers stand in line behind it."),
    DURATION("swap_wait", swap_wait, "1min",
             "With write=swap: how long tries for that lock are repeated before the swap is given up."),
    INTEGER("swap_retries", swap_retries, "1000", 0, 1000000, "",
            "With write=swap: how many times, at most, a try for that lock is repeated."),
    TEXT("swap_partition", swap_partition,
         "With swap_by=partition: the name of the partition that is exchanged, with its schema or without. Empty: the "
         "one with the bounds of window=interval, or the only one that the target has."),
};

const incload__option_table incload__strategy_options = INCLOAD__OPTION_TABLE("strategy", strategy_option_list);

static const struct {
    const char *name;
    const char *options;
} presets[] = {
    { "timestamp", "window=since write=merge" },
    { "upsert", "window=all write=merge" },
    { "append", "window=all write=append" },
    { "full_refresh", "window=all write=replace" },
    { "interval", "window=interval write=replace_interval" },
    { "swap", "window=all write=swap" },
    { "history", "window=all write=scd2" },
};

struct incload_strategy {
    atomic_int refs;
    atomic_bool frozen;
    incload_context *context;
    const incload__mem *mem;
    incload__strategy_values values;
    char *got[sizeof strategy_option_list / sizeof strategy_option_list[0]]; /* texts handed out by _get */
};

static const char *
preset_options(const char *preset)
{
    for (size_t i = 0; i < sizeof presets / sizeof presets[0]; i++) {
        if (strcmp(presets[i].name, preset) == 0)
            return presets[i].options;
    }
    return NULL;
}

static void
fail_preset(const incload__mem *mem, const char *preset, incload_error **err)
{
    size_t count = sizeof presets / sizeof presets[0];
    incload__str names = INCLOAD__STR(mem);

    for (size_t i = 0; i < count; i++)
        incload__str_addf(&names, "%s%s", i == 0 ? "" : i + 1 < count ? ", " : " or ", presets[i].name);
    if (names.failed)
        incload__fail_memory(err);
    else
        incload__fail(err, INCLOAD_E_INVALID, "there is no strategy '%.40s': take %s", preset,
                      incload__str_text(&names));
    incload__str_free(&names);
}

incload_strategy *
incload_strategy_new_in(incload_context *context, const char *preset, const char *options, incload_error **err)
{
    INCLOAD_ENTER_NULL(err);
    if (context == NULL || preset == NULL) {
        incload__fail(err, INCLOAD_E_INVALID, "context and preset must not be NULL");
        return NULL;
    }
    const char *base = preset_options(preset);
    if (base == NULL) {
        fail_preset(&incload__context_env(context)->mem, preset, err);
        return NULL;
    }
    const incload__mem *mem = &incload__context_env(context)->mem;
    incload_strategy *strategy = incload__alloc(mem, sizeof *strategy);
    if (strategy == NULL) {
        incload__fail_memory(err);
        return NULL;
    }
    incload__context_freeze(context);
    atomic_init(&strategy->refs, 1);
    atomic_init(&strategy->frozen, false);
    strategy->context = incload_context_ref(context);
    strategy->mem = mem;
    if (incload__options_init(&incload__strategy_options, mem, &strategy->values, err) != INCLOAD_OK
        || incload__options_parse(&incload__strategy_options, mem, &strategy->values, base, err) != INCLOAD_OK
        || incload__options_parse(&incload__strategy_options, mem, &strategy->values, options, err) != INCLOAD_OK) {
        incload_strategy_unref(strategy);
        return NULL;
    }
    return strategy;
}

incload_strategy *
incload_strategy_new(const char *preset, const char *options, incload_error **err)
{
    INCLOAD_ENTER_NULL(err);
    incload_context *context = incload__context_private(err);
    if (context == NULL)
        return NULL;
    incload_strategy *strategy = incload_strategy_new_in(context, preset, options, err);
    incload_context_unref(context);
    return strategy;
}

incload_strategy *
incload_strategy_ref(incload_strategy *strategy)
{
    if (strategy != NULL)
        atomic_fetch_add_explicit(&strategy->refs, 1, memory_order_relaxed);
    return strategy;
}

void
incload_strategy_unref(incload_strategy *strategy)
{
    if (strategy == NULL || atomic_fetch_sub_explicit(&strategy->refs, 1, memory_order_acq_rel) != 1)
        return;
    incload_context *context = strategy->context;
    incload__options_free(&incload__strategy_options, strategy->mem, &strategy->values);
    for (size_t i = 0; i < sizeof strategy->got / sizeof strategy->got[0]; i++)
        incload__free(strategy->mem, strategy->got[i]);
    incload__free(strategy->mem, strategy);
    incload_context_unref(context);
}

int32_t
incload_strategy_set(incload_strategy *strategy, const char *name, const char *value, incload_error **err)
{
    INCLOAD_ENTER(err);
    if (strategy == NULL)
        return incload__fail(err, INCLOAD_E_INVALID, "the strategy must not be NULL");
    if (atomic_load(&strategy->frozen))
        return incload__fail(err, INCLOAD_E_STATE,
                             "a load was started with this strategy: make a new one to change it");
    return incload__options_set(&incload__strategy_options, strategy->mem, &strategy->values, name, value, err);
}

const char *
incload_strategy_get(const incload_strategy *strategy, const char *name)
{
    if (strategy == NULL || name == NULL)
        return NULL;
    for (int32_t i = 0; i < incload__strategy_options.count; i++) {
        if (strcmp(strategy_option_list[i].name, name) != 0)
            continue;
        incload__str text = INCLOAD__STR(strategy->mem);
        char **slot = (char **)&strategy->got[i];
        incload__options_get(&incload__strategy_options, &strategy->values, name, &text);
        incload__free(strategy->mem, *slot);
        *slot = incload__str_take(&text);
        return *slot;
    }
    return NULL;
}

const incload__strategy_values *
incload__strategy_values_of(const incload_strategy *strategy)
{
    return &strategy->values;
}

void
incload__strategy_freeze(incload_strategy *strategy)
{
    atomic_store(&strategy->frozen, true);
}
