/* SPDX-License-Identifier: Apache-2.0 */
/* The facts as options, and where each comes from. */
#include "load/facts.h"

#include <string.h>

#define AT(field) offsetof(incload__facts, field)
#define TEXT(name, field, description)                                                                                \
    { name, INCLOAD_OPTION_TEXT, AT(field), "", 0, 0, "", "", "0.1", description }
#define LIST(name, field, description)                                                                                \
    { name, INCLOAD_OPTION_LIST, AT(field), "", 0, 0, "", "", "0.1", description }
#define MAYBE(name, field, description)                                                                               \
    { name, INCLOAD_OPTION_CHOICE, AT(field), "unknown", 0, 0, "", "unknown no yes", "0.1", description }
#define BOOLEAN(name, field, description)                                                                             \
    { name, INCLOAD_OPTION_BOOLEAN, AT(field), "false", 0, 0, "", "", "0.1", description }
#define INTEGER(name, field, preset, least, most, unit, description)                                                  \
    { name, INCLOAD_OPTION_INTEGER, AT(field), preset, least, most, unit, "", "0.1", description }
#define DURATION(name, field, preset, most, description)                                                              \
    { name, INCLOAD_OPTION_DURATION, AT(field), preset, 0, most, "ms", "", "0.1", description }

static const incload__option facts_option_list[] = {
    INTEGER("rows", rows, "-1", -1, INT64_MAX, "rows", "How many rows the source has; -1 when that is not known."),
    INTEGER("bytes", bytes, "-1", -1, INT64_MAX, "bytes", "How large it is; -1 when that is not known."),
    MAYBE("has_cursor", has_cursor,
          "Whether the source has a column that grows when a row changes. Yes by itself where option 'cursor' names "
          "it."),
    TEXT("cursor", cursor, "The column that grows when a row changes, such as updated_at."),
    MAYBE("cursor_indexed", cursor_indexed, "Whether an index of the source begins with it."),
    INTEGER("cursor_null_percent", cursor_null_percent, "-1", -1, 100, "",
            "Of a hundred rows, how many have no value there, rounded up; -1 when that is not known."),
    MAYBE("has_key", has_key,
          "Whether some columns identify a row, in the source and in the target. Yes by itself where option 'key' "
          "names them."),
    LIST("key", key, "The columns that identify a row."),
    MAYBE("supports_cdc", supports_cdc, "Whether the source can tell its changes as events."),
    BOOLEAN("one_time", one_time, "The table is loaded once: history that does not change any more."),
    BOOLEAN("critical", critical,
            "Readers of the target must see the old table or the new one at any moment, and nothing in between."),
    BOOLEAN("deletes_matter", deletes_matter, "Rows that are deleted in the source must vanish from the target."),
    BOOLEAN("append_only", append_only, "Rows are added in the source and never change."),
    DURATION("freshness", freshness, "0", 31536000000, "How old the target's rows may be; 0 when that was not said."),
    INTEGER("small_rows", small_rows, "100000", 0, INT64_MAX, "rows",
            "A table with fewer rows is small: it is loaded whole."),
    INTEGER("most_null_percent", most_null_percent, "10", 0, 100, "",
            "With a greater share of rows without a value the column is no cursor: such rows are read in every load."),
    INTEGER("most_keys", most_keys, "10000000", 0, INT64_MAX, "rows",
            "Up to how many rows deleted ones are looked for by reading all keys in every load."),
    DURATION("slow_freshness", slow_freshness, "1min", 31536000000,
             "Rows that may be no older than this are not had by repeated loads, but by events."),
    DURATION("look_timeout", look_timeout, "10s", 3600000,
             "For how long incload_strategy_recommend_for() may look at the source and the target."),
};

const incload__option_table incload__facts_options = INCLOAD__OPTION_TABLE("facts", facts_option_list);

const char *const incload__fact_names[INCLOAD__FACTS] = {
    [INCLOAD__FACT_ROWS] = "rows",
    [INCLOAD__FACT_BYTES] = "bytes",
    [INCLOAD__FACT_CURSOR] = "cursor",
    [INCLOAD__FACT_CURSOR_INDEXED] = "cursor_indexed",
    [INCLOAD__FACT_CURSOR_NULLS] = "cursor_null_percent",
    [INCLOAD__FACT_KEY] = "key",
    [INCLOAD__FACT_CDC] = "supports_cdc",
};

/* Names and what they imply must agree. */
static int32_t
settle_names(incload__facts *facts, incload_error **err)
{
    if (facts->cursor != NULL && facts->has_cursor == INCLOAD__FACT_NO)
        return incload__fail(err, INCLOAD_E_INVALID, "has_cursor=no contradicts cursor=%.64s", facts->cursor);
    if (facts->key != NULL && facts->has_key == INCLOAD__FACT_NO)
        return incload__fail(err, INCLOAD_E_INVALID, "has_key=no contradicts key=%.64s", facts->key);
    if (facts->cursor != NULL)
        facts->has_cursor = INCLOAD__FACT_YES;
    if (facts->key != NULL)
        facts->has_key = INCLOAD__FACT_YES;
    return INCLOAD_OK;
}

static bool
is_known(const incload__facts *facts, incload__fact fact)
{
    switch (fact) {
    case INCLOAD__FACT_ROWS:
        return facts->rows >= 0;
    case INCLOAD__FACT_BYTES:
        return facts->bytes >= 0;
    case INCLOAD__FACT_CURSOR:
        return facts->has_cursor != INCLOAD__FACT_UNKNOWN;
    case INCLOAD__FACT_CURSOR_INDEXED:
        return facts->cursor_indexed != INCLOAD__FACT_UNKNOWN;
    case INCLOAD__FACT_CURSOR_NULLS:
        return facts->cursor_null_percent >= 0;
    case INCLOAD__FACT_KEY:
        return facts->has_key != INCLOAD__FACT_UNKNOWN;
    default:
        return facts->supports_cdc != INCLOAD__FACT_UNKNOWN;
    }
}

int32_t
incload__advice_init(incload__advice *advice, const incload__mem *mem, const char *facts, incload_error **err)
{
    memset(advice, 0, sizeof *advice);
    advice->mem = mem;
    int32_t status = incload__options_init(&incload__facts_options, mem, &advice->facts, err);
    if (status == INCLOAD_OK)
        status = incload__options_parse(&incload__facts_options, mem, &advice->facts, facts, err);
    if (status == INCLOAD_OK)
        status = settle_names(&advice->facts, err);
    for (incload__fact i = 0; i < INCLOAD__FACTS; i++)
        advice->origin[i] = is_known(&advice->facts, i) ? "told" : "not known";
    return status;
}

void
incload__advice_free(incload__advice *advice)
{
    if (advice->mem == NULL)
        return;
    incload__options_free(&incload__facts_options, advice->mem, &advice->facts);
    for (incload__fact i = 0; i < INCLOAD__FACTS; i++)
        incload__free(advice->mem, advice->note[i]);
    for (int32_t i = 0; i < INCLOAD__RULES; i++)
        incload__free(advice->mem, advice->rules[i].text);
    incload__free(advice->mem, advice->options);
    incload__free(advice->mem, advice->better);
    memset(advice, 0, sizeof *advice);
}

void
incload__advice_tell(incload__advice *advice, incload__fact fact, const char *origin, char *note)
{
    advice->origin[fact] = origin;
    incload__free(advice->mem, advice->note[fact]);
    advice->note[fact] = note;
}
