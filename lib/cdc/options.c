/* SPDX-License-Identifier: Apache-2.0 */
/* Options of changes. */
#include "cdc/table.h"

#define AT(field) offsetof(incload__changes_values, field)

static const incload__option changes_option_list[] = {
    { "key", INCLOAD_OPTION_LIST, AT(key), "", 0, 0, "", "", "0.1",
      "The columns that identify a row, on exactly which the target must have a primary key or unique index. Its "
      "primary key, or the first unique index without NULLs, when empty." },
    { "deletes", INCLOAD_OPTION_CHOICE, AT(deletes), "auto", 0, 0, "", "auto hard soft", "0.1",
      "What becomes of a deleted row: with hard it is deleted; with soft it keeps its values and is marked by "
      "deleted_column and deleted_at_column; auto is soft where the target has both of these columns." },
    { "deleted_column", INCLOAD_OPTION_TEXT, AT(deleted_column), "", 0, 0, "", "", "0.1",
      "The target's column, boolean or integer, that is true for a deleted row. _deleted when empty." },
    { "deleted_at_column", INCLOAD_OPTION_TEXT, AT(deleted_at_column), "", 0, 0, "", "", "0.1",
      "The target's timestamp column for when a delete was applied, in UTC. deleted_at when empty." },
    { "name", INCLOAD_OPTION_TEXT, AT(name), "", 0, 0, "", "", "0.1",
      "The name under which the position is kept, as a watermark. The table as it was given, with :changes behind it, "
      "when empty. Two sources of changes for one table need two names." },
    { "unknown_columns", INCLOAD_OPTION_CHOICE, AT(unknown_columns), "error", 0, 0, "", "error ignore", "0.1",
      "What to do about a column of an event that the target does not have: refuse the event, or leave the column "
      "out." },
    { "memory", INCLOAD_OPTION_INTEGER, AT(memory), "67108864", 65536, 1099511627776, "bytes", "", "0.1",
      "The most memory for events that wait for a commit; folding them takes about as much again. A single larger "
      "event still passes." },
    { "full", INCLOAD_OPTION_CHOICE, AT(full), "commit", 0, 0, "", "commit refuse", "0.1",
      "What to do about an event for which that is too little: commit those before it first, or refuse it." },
    { "debezium_decimal", INCLOAD_OPTION_CHOICE, AT(debezium_decimal), "unknown", 0, 0, "", "unknown precise string",
      "0.1",
      "What a text is that Debezium sent without a schema for a decimal column: its decimal.handling.mode, precise "
      "(bytes in base64, with the scale of the target's column) or string. Refused while unknown." },
    { "debezium_time", INCLOAD_OPTION_CHOICE, AT(debezium_time), "unknown", 0, 0, "", "unknown ms us ns iso adaptive",
      "0.1",
      "How to read what Debezium sent without a schema for a date or time: the unit of its numbers; iso, text with Z "
      "behind it (time.precision.mode=isostring); or adaptive, as adaptive_time_microseconds writes columns of the "
      "target's precision. Numbers are refused while unknown." },
    { "debezium_unavailable", INCLOAD_OPTION_TEXT, AT(debezium_unavailable), "", 0, 0, "", "", "0.1",
      "Debezium's unavailable.value.placeholder: a column with this value keeps what it has. "
      "__debezium_unavailable_value when empty, also as bytes." },
    { "timeout", INCLOAD_OPTION_DURATION, AT(timeout), "0", 0, 2592000000, "ms", "", "0.1",
      "How long a commit may take, connecting included; 0 sets no limit. When it is over, running SQL is interrupted "
      "and nothing lands." },
    { "lease", INCLOAD_OPTION_DURATION, AT(lease), "30s", 0, 86400000, "ms", "", "0.1",
      "For how long a commit holds the right to be the only one under this name; it is renewed while the commit is at "
      "work. At least 100ms, or 0 for no lease: of two commits at once the second then fails." },
    { "wait", INCLOAD_OPTION_DURATION, AT(wait), "0", 0, 2592000000, "ms", "", "0.1",
      "How long to wait for another commit under this name to end." },
    { "retries", INCLOAD_OPTION_INTEGER, AT(retries), "3", 0, 100, "attempts", "", "0.1",
      "How often a commit is started over after an error that may pass: a lost connection, a deadlock, a full disk." },
    { "retry_delay", INCLOAD_OPTION_DURATION, AT(retry_delay), "500ms", 0, 86400000, "ms", "", "0.1",
      "The longest pause before the first retry; it doubles with each one." },
    { "retry_max_delay", INCLOAD_OPTION_DURATION, AT(retry_max_delay), "30s", 0, 86400000, "ms", "", "0.1",
      "What the longest pause does not grow past." },
    { "match", INCLOAD_OPTION_CHOICE, AT(match), "key", 0, 0, "", "key whole", "0.1",
      "How rows are found: by their key, or with whole, in a table that has none, by all of their columns, one row of "
      "those that are equal. Updates and deletes must bring the whole row as it was before, then; each event is a "
      "statement of its own, but for inserts." },
};

const incload__option_table incload__changes_options = INCLOAD__OPTION_TABLE("changes", changes_option_list);
