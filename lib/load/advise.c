/* SPDX-License-Identifier: Apache-2.0 */
/* The decision matrix: an ordered table of rules, of which the first that fits decides. Where what it
 * names is no strategy of a load, the next that fits and is one stands in. */
#include <string.h>

#include "load/facts.h"

/* A rule says whether it fits, and in `why` by which figures, or what is missing. */
typedef bool (*fits_fn)(const incload__facts *facts, incload__str *why);
typedef void (*options_fn)(const incload__facts *facts, incload__str *out);

static bool
critical_fits(const incload__facts *facts, incload__str *why)
{
    if (facts->critical)
        incload__str_add(why, "the table is critical: it is built and checked aside, and its readers see the old rows "
                              "or the new ones, nothing in between");
    else
        incload__str_add(why, "the table was not called critical");
    return facts->critical;
}

static bool
small_fits(const incload__facts *facts, incload__str *why)
{
    long long rows = (long long)facts->rows, limit = (long long)facts->small_rows;

    if (facts->rows < 0)
        incload__str_add(why, "how many rows there are is not known");
    else if (facts->rows < facts->small_rows)
        incload__str_addf(why, "%lld rows are fewer than %lld (small_rows): to load all of them each time costs less "
                               "than to keep track of changes, and finds deleted rows as well",
                          rows, limit);
    else
        incload__str_addf(why, "%lld rows are not fewer than %lld (small_rows)", rows, limit);
    return facts->rows >= 0 && facts->rows < facts->small_rows;
}

static bool
one_time_fits(const incload__facts *facts, incload__str *why)
{
    if (facts->one_time)
        incload__str_add(why, "history that is loaded once: intervals of it are loaded side by side, each by itself "
                              "complete and repeatable");
    else
        incload__str_add(why, "the table is not loaded only once");
    return facts->one_time;
}

static bool
cdc_fits(const incload__facts *facts, incload__str *why)
{
    if (facts->supports_cdc == INCLOAD__FACT_YES)
        incload__str_add(why, "the source tells its changes as events: every change and every deletion comes, in "
                              "order, with no load on the table");
    else if (facts->supports_cdc == INCLOAD__FACT_NO)
        incload__str_add(why, "the source does not tell its changes as events");
    else
        incload__str_add(why, "whether the source can tell its changes as events is not known");
    return facts->supports_cdc == INCLOAD__FACT_YES;
}

static bool
timestamps_fit(const incload__facts *facts, incload__str *why)
{
    const char *cursor = facts->cursor != NULL ? facts->cursor : "cursor";

    if (facts->has_cursor != INCLOAD__FACT_YES) {
        incload__str_add(why, facts->has_cursor == INCLOAD__FACT_NO
                                  ? "no column grows when a row changes"
                                  : "whether a column grows when a row changes is not known");
        return false;
    }
    if (facts->cursor_null_percent > facts->most_null_percent) {
        incload__str_addf(why, "%lld of 100 rows have no value in '%.64s', more than %lld (most_null_percent)",
                          (long long)facts->cursor_null_percent, cursor, (long long)facts->most_null_percent);
        return false;
    }
    if (facts->has_key != INCLOAD__FACT_YES && !facts->append_only) {
        incload__str_addf(why, "'%.64s' shows what changed, but %s: a changed row could not replace its old version",
                          cursor, facts->has_key == INCLOAD__FACT_NO ? "no key identifies a row"
                                                                     : "whether a key identifies a row is not known");
        return false;
    }
    incload__str_addf(why, "'%.64s' grows when a row changes: only rows past the watermark are read, and %s", cursor,
                      facts->has_key == INCLOAD__FACT_YES ? "merged by their key" : "appended, since none changes");
    return true;
}

static bool
keyed_fits(const incload__facts *facts, incload__str *why)
{
    if (facts->has_key == INCLOAD__FACT_YES)
        incload__str_add(why, "a key identifies a row: all rows are read, and only those that differ are written");
    else if (facts->has_key == INCLOAD__FACT_NO)
        incload__str_add(why, "no key identifies a row");
    else
        incload__str_add(why, "whether a key identifies a row is not known");
    return facts->has_key == INCLOAD__FACT_YES;
}

static bool
always_fits(const incload__facts *facts, incload__str *why)
{
    (void)facts;
    incload__str_add(why, "nothing tells which rows changed: all of them are replaced each time");
    return true;
}

/* ---- the options of what is recommended ---- */

static bool
keys_are_read(const incload__facts *facts)
{
    return facts->deletes_matter && facts->has_key == INCLOAD__FACT_YES && facts->rows <= facts->most_keys;
}

static void
no_options(const incload__facts *facts, incload__str *out)
{
    (void)facts;
    (void)out;
}

static void
keyed_options(const incload__facts *facts, incload__str *out)
{
    incload__options_add(out, "key", facts->key);
    if (keys_are_read(facts))
        incload__options_add(out, "detect_deletes", "keys");
}

static void
timestamp_options(const incload__facts *facts, incload__str *out)
{
    bool merges = facts->has_key == INCLOAD__FACT_YES;

    incload__options_add(out, "cursor", facts->cursor);
    if (!merges)
        incload__options_add(out, "write", "append");
    if (facts->cursor_null_percent > 0)
        incload__options_add(out, "null_cursor", merges ? "include" : "exclude");
    keyed_options(facts, out);
}

/* `instead`: what carries out what the rule names, since it is no strategy of a load. */
static const struct {
    const char *id;
    const char *strategy;
    fits_fn fits;
    options_fn options;
    const char *instead;
} rules[INCLOAD__RULES] = {
    { "critical", "swap", critical_fits, no_options, NULL },
    { "small", "full_refresh", small_fits, no_options, NULL },
    { "one_time", "backfill", one_time_fits, no_options,
      "a parallel backfill is a step of its own, by incload_step_new_load_backfill() over the range; this loads it in "
      "one piece" },
    { "cdc", "cdc", cdc_fits, no_options,
      "changes are followed by a step of their own: PostgreSQL's log by incload_stream_new(), other databases by "
      "incload_capture_new(), events of the host's by incload_changes_new()" },
    { "timestamps", "timestamp", timestamps_fit, timestamp_options, NULL },
    { "keyed", "upsert", keyed_fits, keyed_options, NULL },
    { "otherwise", "full_refresh", always_fits, no_options, NULL },
};

static int32_t
judge(incload__advice *advice, incload_error **err)
{
    advice->decided = advice->runs = -1;
    for (int32_t i = 0; i < INCLOAD__RULES; i++) {
        incload__str why = INCLOAD__STR(advice->mem);
        bool fits = rules[i].fits(&advice->facts, &why);
        incload__considered *considered = &advice->rules[i];

        considered->id = rules[i].id;
        considered->strategy = rules[i].strategy;
        considered->verdict = fits ? INCLOAD__VERDICT_FITS : INCLOAD__VERDICT_REFUSED;
        incload__free(advice->mem, considered->text);
        considered->text = incload__str_take(&why);
        if (considered->text == NULL)
            return incload__fail_memory(err);
        if (!fits)
            continue;
        if (advice->decided < 0) {
            advice->decided = i;
            considered->verdict = INCLOAD__VERDICT_DECIDED;
        }
        if (advice->runs < 0 && rules[i].instead == NULL) {
            advice->runs = i;
            if (advice->decided != i)
                considered->verdict = INCLOAD__VERDICT_STANDS_IN;
        }
    }
    return INCLOAD_OK;
}

/* ---- what it would take for a better one ---- */

static void
say(incload__str *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void
say(incload__str *out, const char *format, ...)
{
    va_list args;

    incload__str_add(out, out->length > 0 ? "; " : "");
    va_start(args, format);
    incload__str_addv(out, format, args);
    va_end(args);
}

static void
say_cursor(const incload__facts *facts, incload__str *out)
{
    const char *cursor = facts->cursor != NULL ? facts->cursor : "the cursor";

    if (facts->has_cursor != INCLOAD__FACT_YES) {
        say(out, "with a column that the database itself sets at every insert and update (and an index on it), loads "
                 "would read only what changed: name it by cursor=...");
        return;
    }
    if (facts->cursor_null_percent > facts->most_null_percent)
        say(out, "give every row a value in '%.64s' (NOT NULL), and loads can go by it", cursor);
    if (facts->has_key != INCLOAD__FACT_YES && !facts->append_only)
        say(out, "a primary key or unique index in source and target, named by key=..., or append_only=true if rows "
                 "never change, would let loads go by '%.64s'",
            cursor);
}

static void
say_timestamps(const incload__facts *facts, incload__str *out)
{
    if (facts->cursor == NULL)
        say(out, "name the cursor's column by option 'cursor': the load needs it");
    if (facts->cursor_indexed == INCLOAD__FACT_NO)
        say(out, "an index on '%.64s' in the source makes a load cost what has changed, not what there is",
            facts->cursor != NULL ? facts->cursor : "the cursor");
}

static void
say_key(const incload__facts *facts, incload__str *out)
{
    if (facts->has_key == INCLOAD__FACT_YES && facts->key == NULL)
        say(out, "name the key's columns by option 'key': the load needs them");
}

static void
say_events(const incload__advice *advice, incload__str *out)
{
    const incload__facts *facts = &advice->facts;
    bool slow = facts->freshness > 0 && facts->freshness <= facts->slow_freshness;
    const char *note = advice->note[INCLOAD__FACT_CDC];

    if (facts->supports_cdc == INCLOAD__FACT_YES || (!slow && !facts->deletes_matter))
        return;
    say(out, "%s would need change events from the source%s%s",
        slow ? "rows as fresh as asked for" : "deleted rows without reading all keys", note != NULL ? ": " : "",
        note != NULL ? note : "");
}

static void
say_deletes(const incload__facts *facts, incload__str *out)
{
    if (!facts->deletes_matter || keys_are_read(facts))
        return;
    if (facts->has_key != INCLOAD__FACT_YES)
        say(out, "deleted rows stay in the target: without a key they cannot be told");
    else
        say(out, "deleted rows stay in the target: the source has more than %lld rows (most_keys); detect_deletes=keys "
                 "would read all keys in every load",
            (long long)facts->most_keys);
}

static int32_t
say_better(incload__advice *advice, incload_error **err)
{
    const incload__facts *facts = &advice->facts;
    const char *strategy = rules[advice->runs].strategy;
    bool merges = strcmp(strategy, "timestamp") == 0 || strcmp(strategy, "upsert") == 0;
    bool whole = advice->runs > 1; /* large, and read as a whole */
    incload__str out = INCLOAD__STR(advice->mem);

    if (rules[advice->decided].instead != NULL)
        say(&out, "%s", rules[advice->decided].instead);
    if (strcmp(strategy, "timestamp") == 0)
        say_timestamps(facts, &out);
    else if (whole)
        say_cursor(facts, &out);
    if (merges)
        say_key(facts, &out);
    if (merges)
        say_deletes(facts, &out);
    if (whole)
        say_events(advice, &out);
    if (facts->rows < 0 && !facts->critical)
        say(&out, "tell or look up how many rows there are: fewer than %lld would be loaded whole",
            (long long)facts->small_rows);
    incload__free(advice->mem, advice->better);
    advice->better = incload__str_take(&out);
    return advice->better != NULL ? INCLOAD_OK : incload__fail_memory(err);
}

int32_t
incload__advise(incload__advice *advice, incload_error **err)
{
    incload__str options = INCLOAD__STR(advice->mem);
    int32_t status = judge(advice, err);

    if (status != INCLOAD_OK)
        return status;
    rules[advice->runs].options(&advice->facts, &options);
    incload__free(advice->mem, advice->options);
    advice->options = incload__str_take(&options);
    if (advice->options == NULL)
        return incload__fail_memory(err);
    return say_better(advice, err);
}
