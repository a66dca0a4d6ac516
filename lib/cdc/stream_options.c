/* SPDX-License-Identifier: Apache-2.0 */
/* Options of a stream. */
#include "cdc/stream.h"

#define AT(field) offsetof(incload__stream_values, field)

static const incload__option stream_option_list[] = {
    { "name", INCLOAD_OPTION_TEXT, AT(name), "", 0, 0, "", "", "0.1",
      "The name under which the target keeps the position, as a watermark. The slot's name with stream: before it, "
      "when "
      "empty." },
    { "publication", INCLOAD_OPTION_TEXT, AT(publication), "", 0, 0, "", "", "0.1",
      "The publication of the source that says which changes are sent. incload when empty." },
    { "slot", INCLOAD_OPTION_TEXT, AT(slot), "", 0, 0, "", "", "0.1",
      "The replication slot, which keeps the place in the source's log: letters a to z, digits and underscores. Names "
      "are those of the whole server. incload when empty." },
    { "tables", INCLOAD_OPTION_LIST, AT(tables), "", 0, 0, "", "", "0.1",
      "The source's tables to follow, in the form table, schema.table, or either with :target behind it where the "
      "target's name differs. All tables of the publication, each into the table of its name in the target's own "
      "schema, when empty." },
    { "create", INCLOAD_OPTION_CHOICE, AT(create), "missing", 0, 0, "", "missing never", "0.1",
      "Whether the publication and the slot are made where they are missing, the publication for the tables of option "
      "tables or else for all tables; or somebody else makes them." },
    { "failover", INCLOAD_OPTION_BOOLEAN, AT(failover), "false", 0, 0, "", "", "0.1",
      "Make the slot so that standbys keep it, too: PostgreSQL 17 or later." },
    { "snapshot", INCLOAD_OPTION_CHOICE, AT(snapshot), "initial", 0, 0, "", "initial replace never", "0.1",
      "How the first run begins: it copies the tables into empty or missing targets; or in the place of all rows that "
      "targets have; or it copies nothing and follows from where the slot stands." },
    { "until", INCLOAD_OPTION_CHOICE, AT(until), "stopped", 0, 0, "", "stopped caught_up position", "0.1",
      "When a run ends: when it is told to; when it has all that was committed before it began; or when it has all up "
      "to until_position." },
    { "until_position", INCLOAD_OPTION_TEXT, AT(until_position), "", 0, 0, "", "", "0.1",
      "A position in the source's log, such as 16/B374D848." },
    { "batch_events", INCLOAD_OPTION_INTEGER, AT(batch_events), "50000", 1, 100000000, "changes", "", "0.1",
      "Changes after which the target commits, at the end of a transaction of the source." },
    { "batch_bytes", INCLOAD_OPTION_INTEGER, AT(batch_bytes), "67108864", 65536, 1099511627776, "bytes", "", "0.1",
      "The most memory for changes that wait for a commit; folding them takes about as much again. A larger "
      "transaction of the source lands in several commits." },
    { "batch_delay", INCLOAD_OPTION_DURATION, AT(batch_delay), "1s", 0, 3600000, "ms", "", "0.1",
      "How long a change may wait for a commit while others come. When none come it does not wait." },
    { "memory", INCLOAD_OPTION_INTEGER, AT(memory), "67108864", 131072, 1099511627776, "bytes", "", "0.1",
      "The most memory for messages of the log that were received and not yet read, and as much for transactions that "
      "have not ended; beyond it these go to a file." },
    { "spool_directory", INCLOAD_OPTION_TEXT, AT(spool_directory), "", 0, 0, "", "", "0.1",
      "Where that file is made: it has no name and is gone with the process. /var/tmp when empty." },
    { "deletes", INCLOAD_OPTION_CHOICE, AT(deletes), "auto", 0, 0, "", "auto hard soft", "0.1",
      "What becomes of a deleted row: with hard it is deleted; with soft it keeps its values and is marked by "
      "deleted_column and deleted_at_column; auto is soft where the target has both of these columns." },
    { "deleted_column", INCLOAD_OPTION_TEXT, AT(deleted_column), "", 0, 0, "", "", "0.1",
      "The targets' column, boolean or integer, that is true for a deleted row. _deleted when empty." },
    { "deleted_at_column", INCLOAD_OPTION_TEXT, AT(deleted_at_column), "", 0, 0, "", "", "0.1",
      "The targets' timestamp column for when a delete was applied, in UTC. deleted_at when empty." },
    { "unknown_columns", INCLOAD_OPTION_CHOICE, AT(unknown_columns), "error", 0, 0, "", "error ignore", "0.1",
      "What to do about a column of the source that the target does not have: end the stream, or leave it out." },
    { "schema_changes", INCLOAD_OPTION_CHOICE, AT(schema_changes), "error", 0, 0, "", "error ignore apply", "0.1",
      "What to do about a table of the source that was altered: end the stream with the exact difference, unless the "
      "target has what is new; go on with the columns that both have; or alter the target likewise, as loads do: add "
      "columns, widen types, and what dropped_columns and changed_types say." },
    { "status_interval", INCLOAD_OPTION_DURATION, AT(status_interval), "10s", 100, 3600000, "ms", "", "0.1",
      "How often the source is told at least how far the stream has come, and how often an idle one moves its position "
      "on. A third of the source's wal_sender_timeout if that is less." },
    { "slot_interval", INCLOAD_OPTION_DURATION, AT(slot_interval), "30s", 100, 86400000, "ms", "", "0.1",
      "How often the source is asked how much log it keeps for the slot." },
    { "slot_alarm", INCLOAD_OPTION_INTEGER, AT(slot_alarm), "80", 1, 100, "per cent", "", "0.1",
      "The share of the source's max_slot_wal_keep_size from which on incload_stream_alarm() says so." },
    { "slot_alarm_bytes", INCLOAD_OPTION_INTEGER, AT(slot_alarm_bytes), "0", 0, INT64_MAX, "bytes", "", "0.1",
      "The same as a size, for servers without that limit; 0: none." },
    { "slot_timeout", INCLOAD_OPTION_DURATION, AT(slot_timeout), "5min", 1, 86400000, "ms", "", "0.1",
      "How long making the slot may take: it waits for the end of every transaction that is open on the source." },
    { "timeout", INCLOAD_OPTION_DURATION, AT(timeout), "0", 0, 2592000000, "ms", "", "0.1",
      "How long a commit in the target may take, connecting included; 0 sets no limit." },
    { "lease", INCLOAD_OPTION_DURATION, AT(lease), "30s", 0, 86400000, "ms", "", "0.1",
      "For how long a commit, or the first copy with the making of its slot, holds the right to be the only one under "
      "this name; it is renewed while that is at work. At least 100ms, or 0 for no lease: then a second process that "
      "begins takes over from the first, which keeps nothing." },
    { "wait", INCLOAD_OPTION_DURATION, AT(wait), "30s", 0, 2592000000, "ms", "", "0.1",
      "How long a commit or a first copy waits for another one under this name to end, such as that of a stream that "
      "was killed." },
    { "retries", INCLOAD_OPTION_INTEGER, AT(retries), "10", 0, 1000000, "attempts", "", "0.1",
      "How often in succession a commit, or the connection to the source, is tried again after an error that may "
      "pass." },
    { "retry_delay", INCLOAD_OPTION_DURATION, AT(retry_delay), "500ms", 0, 86400000, "ms", "", "0.1",
      "The longest pause before the first retry; it doubles with each one." },
    { "retry_max_delay", INCLOAD_OPTION_DURATION, AT(retry_max_delay), "30s", 0, 86400000, "ms", "", "0.1",
      "What the longest pause does not grow past." },
    { "dropped_columns", INCLOAD_OPTION_CHOICE, AT(dropped_columns), "error", 0, 0, "", "evolve ignore error", "0.1",
      "With schema_changes=apply, of a column that the source no longer has: drop it from the target with all that it "
      "holds; keep it, with NULL or its default in new rows; or end the stream. A column that was renamed is one that "
      "was dropped, and a new one." },
    { "changed_types", INCLOAD_OPTION_CHOICE, AT(changed_types), "error", 0, 0, "", "evolve ignore error", "0.1",
      "With schema_changes=apply, of a column whose type is another, not a wider one: change the target's where its "
      "values can be cast without loss; keep it, and fail at a value that does not fit; or end the stream." },
    { "decoding_memory", INCLOAD_OPTION_INTEGER, AT(decoding_memory), "0", 0, 2147482624, "bytes", "", "0.1",
      "How much memory the source may take to put transactions together (its logical_decoding_work_mem, at least "
      "64 kB, for this stream alone): with more of it large transactions cost the source less, and come in fewer "
      "parts. 0 leaves it as the source has it." },
    { "snapshot_parallel", INCLOAD_OPTION_INTEGER, AT(snapshot_parallel), "1", 1, 64, "tables", "", "0.1",
      "How many tables the first copy reads and writes at a time, each over its own two connections and in its own "
      "transaction of the target; at most a third of max_connections of either database. With 1 the tables land "
      "together, as they do when one refers to another by a foreign key. A target with one writer has one at a time." },
};

const incload__option_table incload__stream_options = INCLOAD__OPTION_TABLE("stream", stream_option_list);
