/* SPDX-License-Identifier: Apache-2.0 */
#include "load/strategy.h"

#include <stdatomic.h>
#include <string.h>

#include "sched/context.h"

#define AT(field) offsetof(incload__strategy_values, field)
#define TEXT(name, field, description)                                                                                \
    { name, INCLOAD_OPTION_TEXT, AT(field), "", 0, 0, "", "", "0.1", description }
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
    CHOICE("window", window, "all", "all since",
           "Which rows are read: all of them, or those past the watermark by the cursor."),
    CHOICE("write", write, "append", "append merge swap",
           "How rows land: inserted, merged by key (a row whose key is there updates it, another is inserted), or "
           "loaded into a new table that takes the target's place in one moment."),
    TEXT("cursor", cursor, "The column that grows when a row changes, such as updated_at. Needed by window=since."),
    LIST("key", key,
         "The columns that identify a row. Needed by write=merge; the target must have a unique key on them, which a "
         "created target has."),
    LIST("columns", columns,
         "The source's columns to load, in the form source or source:target where the name differs. All columns under "
         "their own names when empty. Cursor and key are named as in the source, and must be among them."),
    CHOICE("null_cursor", null_cursor, "raise", "raise include exclude",
           "What to do about rows whose cursor is NULL or infinite, which no watermark can cover: fail, load them in "
           "every "
           "run (only with write=merge), or leave them out. They are counted in any case."),
    TEXT("initial", initial,
         "Where the first load starts: a cursor value in the source's own text; rows at or past it are read. From the "
         "beginning when empty."),
    TEXT("until", until,
         "Where reading ends: a cursor value in the source's own text; rows at or past it are left for later."),
    TEXT("latest_by", latest_by,
         "When one load brings several rows of one key: the column whose greatest value wins. The row read last wins "
         "when "
         "empty. Between loads the later load always wins."),
    CHOICE("missing_state", missing_state, "fail", "fail derive full",
           "What to do when the target has rows but no watermark is recorded: refuse; take the greatest cursor value "
           "in the "
           "target as the watermark; or read everything again (only with write=merge)."),
    BOOLEAN("create_target", create_target, "true",
            "Create the target table in the shape of the source when it is missing. Refuse when false."),
    BOOLEAN("append_to_rows", append_to_rows, "false",
            "Let window=all write=append add to a target that has rows already, which repeats rows loaded before."),
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
    CHOICE("detect_deletes", detect_deletes, "none", "none keys",
           "How rows that were deleted in the source are found: not at all, or by reading all its keys in the snapshot "
           "of the load and deleting what the target has beyond them. Needs write=merge."),
    BOOLEAN("delete_all", delete_all, "false",
            "Let detect_deletes empty the target when the source has no row left. Refused otherwise."),
    BOOLEAN("allow_empty", allow_empty, "false",
            "Let a full refresh empty the target when the source has no row. Refused otherwise."),
    CHOICE("swap_by", swap_by, "rename", "rename partition",
           "With write=swap: how the new table takes the target's place, by renaming both. Exchanging a partition is "
           "refused by this version."),
    DURATION("lock_timeout", lock_timeout, "100ms",
             "With write=swap: the longest that one try waits for the target's exclusive lock, and so the longest that "
             "readers stand in line behind it."),
    DURATION("swap_wait", swap_wait, "1min",
             "With write=swap: how long tries for that lock are repeated before the swap is given up."),
    INTEGER("swap_retries", swap_retries, "1000", 0, 1000000, "",
            "With write=swap: how many times, at most, a try for that lock is repeated."),
};

const incload__option_table incload__strategy_options = INCLOAD__OPTION_TABLE("strategy", strategy_option_list);

static const struct {
    const char *name;
    const char *options;
} presets[] = {
    { "timestamp", "window=since write=merge" },
    { "upsert", "window=all write=merge" },
    { "append", "window=all write=append" },
    { "swap", "window=all write=swap" },
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
        incload__fail(err, INCLOAD_E_INVALID, "there is no strategy '%.40s': take timestamp, upsert, append or swap",
                      preset);
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
