# SPDX-License-Identifier: Apache-2.0
"""The options of the library's objects, for type checkers and editors: made by tools/make_options.py."""
from __future__ import annotations

import datetime
from typing import Sequence, Union

from typing_extensions import Literal, TypedDict

Bound = Union[str, int, datetime.date, datetime.datetime]
Duration = Union[str, int, datetime.timedelta]
Names = Union[str, Sequence[str]]


class BackfillOptions(TypedDict, total=False):
    # Its name where no pipeline names it, and in the ledger
    name: Union[str, Bound]
    # How long a unit is: minute, hour, day, week, month, quarter or year, with a number before it if it is several:
    # 6h, 2 weeks
    grain: Union[str, Bound]
    # The time zone whose days they are, such as Europe/Berlin
    zone: Union[str, Bound]
    # The first day of a week: 1 is Monday
    week_begins: int
    # What becomes of an end that lies inside a unit: the whole of it is taken, nothing, or the part
    edges: Literal["refuse", "expand", "shrink", "clip"]
    # How many numbers a unit of a range of integers has
    step: int
    # What a column of time without a zone holds: UTC, or the clock of the option zone
    naive: Literal["utc", "local"]
    # The column whose values the units bound, of a load; its strategy's cursor when empty
    column: Union[str, Bound]
    # How many units run at once, at the most
    parallel: int
    # Between this and parallel it adapts: fewer when the other side complains of load (INCLOAD_THROTTLED), more again
    # as units succeed
    min_parallel: int
    # Which units are started first; bisect gives a coarse picture early
    order: Literal["oldest", "newest", "bisect"]
    # Which units run, by the ledger: those that have not landed; all; those that failed and have not landed; or those
    # that another version of the code loaded (option version)
    select: Literal["missing", "all", "failed", "stale"]
    # The version of the host's code: recorded with what lands, and part of the fingerprint
    version: Union[str, Bound]
    # Of the plan that was looked at: a run refuses when the plan has changed since
    fingerprint: Union[str, Bound]
    # How often a unit is tried again
    retries: int
    # The longest pause before the first retry; it doubles with each one and is drawn from 0 to that
    retry_delay: Duration
    # What the longest pause does not grow past
    retry_max_delay: Duration
    # How many units are started in a minute, evenly; 0 sets no limit
    rate: int
    # When more units than this have failed no more are started; -1: any number may
    max_failures: int
    # When so many have failed in a row no more are started; 0: that is not looked at
    max_consecutive: int
    # When more of the first 20 and all that end after them have failed no more are started; 0: that is not looked at
    max_failed_percent: int
    # Of a load: each unit reads the source as it is when it begins, or all that a process does of a run read it as it
    # was when its first began, by one exported snapshot of PostgreSQL
    snapshot: Literal["unit", "shared"]


class CaptureOptions(TypedDict, total=False):
    # The columns that identify a row, on exactly which both tables must have a primary key or unique index
    key: Names
    # The name of the change table, in the schema of the source's table; its triggers are named after it
    change_table: Union[str, Bound]
    # The name under which the position is kept in the target, as a watermark
    name: Union[str, Bound]
    # What becomes of a deleted row: with hard it is deleted; with soft it keeps its values and is marked by
    # deleted_column and deleted_at_column; auto is soft where the target has both of these columns
    deletes: Literal["auto", "hard", "soft"]
    # The target's column, boolean or integer, that is true for a deleted row
    deleted_column: Union[str, Bound]
    # The target's timestamp column for when a delete was applied, in UTC
    deleted_at_column: Union[str, Bound]
    # What to do about a column of the source that the target does not have: stop with an error that names it, while
    # changes wait; or leave the column out
    unknown_columns: Literal["error", "ignore"]
    # The most changes that are consumed in one transaction of the target
    batch_rows: int
    # The most memory for the rows of a batch; folding them takes about as much again
    memory: int
    # When incload_capture_run() ends: once it has consumed all that one snapshot showed, or only by
    # incload_capture_cancel()
    until: Literal["empty", "cancelled"]
    # With until=cancelled: the pause before it looks again when there was no change
    poll: Duration
    # How long each part of the work may take (reading a batch, its commit, its deletion from the change table, making
    # the triggers); 0 sets no limit
    timeout: Duration
    # The longest that making or dropping the triggers waits for the table's lock, and so the longest that writers
    # stand in line behind it
    lock_timeout: Duration
    # For how long a commit holds the right to be the only one under this name; it is renewed while the commit is at
    # work
    lease: Duration
    # How long to wait for another load or commit under this name to end
    wait: Duration
    # How often a batch is started over after an error that may pass: a lost connection, a deadlock, a full disk
    retries: int
    # The longest pause before the first retry; it doubles with each one
    retry_delay: Duration
    # What the longest pause does not grow past
    retry_max_delay: Duration
    # What tells of changes: triggers that fill a change table; or the versions that MariaDB itself keeps of the rows
    # of a table WITH SYSTEM VERSIONING whose row start and end are BIGINT UNSIGNED, numbers of transactions: then
    # nothing is made in the source
    by: Literal["triggers", "versions"]
    # Let incload_capture_load() take every row out of the target when the source has none; else it refuses that
    delete_all: bool
    # The same of a load that would take more than this share of the rows out
    max_shrink: int


class CaptureStepOptions(TypedDict, total=False):
    # When the step has succeeded, whatever the change table's own option says: caught_up, once it has consumed all
    # that one snapshot showed; stopped, when the run is drained, and not before
    until: Literal["caught_up", "stopped"]
    # The pause before it looks again when there was no change
    poll: Duration


class ChangesOptions(TypedDict, total=False):
    # The columns that identify a row, on exactly which the target must have a primary key or unique index
    key: Names
    # What becomes of a deleted row: with hard it is deleted; with soft it keeps its values and is marked by
    # deleted_column and deleted_at_column; auto is soft where the target has both of these columns
    deletes: Literal["auto", "hard", "soft"]
    # The target's column, boolean or integer, that is true for a deleted row
    deleted_column: Union[str, Bound]
    # The target's timestamp column for when a delete was applied, in UTC
    deleted_at_column: Union[str, Bound]
    # The name under which the position is kept, as a watermark
    name: Union[str, Bound]
    # What to do about a column of an event that the target does not have: refuse the event, or leave the column out
    unknown_columns: Literal["error", "ignore"]
    # The most memory for events that wait for a commit; folding them takes about as much again
    memory: int
    # What to do about an event for which that is too little: commit those before it first, or refuse it
    full: Literal["commit", "refuse"]
    # What a text is that Debezium sent without a schema for a decimal column: its decimal.handling.mode, precise
    # (bytes in base64, with the scale of the target's column) or string
    debezium_decimal: Literal["unknown", "precise", "string"]
    # How to read what Debezium sent without a schema for a date or time: the unit of its numbers; iso, text with Z
    # behind it (time.precision.mode=isostring); or adaptive, as adaptive_time_microseconds writes columns of the
    # target's precision
    debezium_time: Literal["unknown", "ms", "us", "ns", "iso", "adaptive"]
    # Debezium's unavailable.value.placeholder: a column with this value keeps what it has
    debezium_unavailable: Union[str, Bound]
    # How long a commit may take, connecting included; 0 sets no limit
    timeout: Duration
    # For how long a commit holds the right to be the only one under this name; it is renewed while the commit is at
    # work
    lease: Duration
    # How long to wait for another commit under this name to end
    wait: Duration
    # How often a commit is started over after an error that may pass: a lost connection, a deadlock, a full disk
    retries: int
    # The longest pause before the first retry; it doubles with each one
    retry_delay: Duration
    # What the longest pause does not grow past
    retry_max_delay: Duration
    # How rows are found: by their key, or with whole, in a table that has none, by all of their columns, one row of
    # those that are equal
    match: Literal["key", "whole"]


class ChangesBatchOptions(TypedDict, total=False):
    # The column that says what each row does
    operation: Union[str, Bound]
    # The column with each row's position, a whole number
    position: Union[str, Bound]
    # The column with its place among events of one position; 0 when empty
    ordinal: Union[str, Bound]


class ChangesStepOptions(TypedDict, total=False):
    # When the step has succeeded: caught_up, once there is nothing more to read; stopped, when the run is drained,
    # and not before; position, once the position of that option is committed
    until: Literal["caught_up", "stopped", "position"]
    # For until=position: the position, such as 17, or with an ordinal 17.3
    position: Union[str, Bound]
    # How long to wait where nothing was there to read, unless the function says how long
    poll: Duration
    # How many events make a commit; they are counted between two calls of the function
    commit_events: int
    # After how long events are committed though they are fewer; where nothing more is there to read, at once
    commit_interval: Duration


class DatabaseOptions(TypedDict, total=False):
    # How long connecting may take, until the session is ready
    connect_timeout: Duration
    # How long a statement of incload_database_execute() or _query() may take; 0 sets no limit
    statement_timeout: Duration
    # The most connections in use at one time; who needs another waits
    max_connections: int
    # What the server shows as the program's name, where it shows one
    application_name: Union[str, Bound]
    # Schema of the library's own tables (PostgreSQL), or the prefix of their names where there are no schemas
    ledger: Union[str, Bound]


class DebeziumOptions(TypedDict, total=False):
    # The columns of the messages' key
    key: Names
    # The name of the source (Debezium's topic.prefix): the first part of the topic and of the schemas' names
    name: Union[str, Bound]
    # The database's name as the messages' source tells it
    database: Union[str, Bound]
    # The connector's name as the messages' source tells it, for readers that look at it
    connector: Union[str, Bound]
    # Whether key and value bring their schema (Kafka Connect's schemas.enable)
    schemas: bool
    # Whether a delete is followed by a message without a value (Debezium's tombstones.on.delete)
    tombstones: bool
    # How exact decimals are written (Debezium's decimal.handling.mode): as bytes with a scale, as text, or as the
    # nearest double, which loses digits
    decimal: Literal["precise", "string", "double"]
    # How dates and times are written (Debezium's time.precision.mode): in the unit that the column's precision needs,
    # in milliseconds, which loses what is finer, or as ISO 8601 text
    time: Literal["adaptive_time_microseconds", "adaptive", "connect", "isostring"]
    # What stands for the text or bytes of a column that an event does not bring (Debezium's
    # unavailable.value.placeholder)
    unavailable: Union[str, Bound]
    # What to do about a column of another type that an event does not bring, for which Debezium has no form: refuse
    # the event, or leave the column out of the row
    partial: Literal["refuse", "omit"]


class FactsOptions(TypedDict, total=False):
    # How many rows the source has; -1 when that is not known
    rows: int
    # How large it is; -1 when that is not known
    bytes: int
    # Whether the source has a column that grows when a row changes
    has_cursor: Literal["unknown", "no", "yes"]
    # The column that grows when a row changes, such as updated_at
    cursor: Union[str, Bound]
    # Whether an index of the source begins with it
    cursor_indexed: Literal["unknown", "no", "yes"]
    # Of a hundred rows, how many have no value there, rounded up; -1 when that is not known
    cursor_null_percent: int
    # Whether some columns identify a row, in the source and in the target
    has_key: Literal["unknown", "no", "yes"]
    # The columns that identify a row
    key: Names
    # Whether the source can tell its changes as events
    supports_cdc: Literal["unknown", "no", "yes"]
    # The table is loaded once: history that does not change any more
    one_time: bool
    # Readers of the target must see the old table or the new one at any moment, and nothing in between
    critical: bool
    # Rows that are deleted in the source must vanish from the target
    deletes_matter: bool
    # Rows are added in the source and never change
    append_only: bool
    # How old the target's rows may be; 0 when that was not said
    freshness: Duration
    # A table with fewer rows is small: it is loaded whole
    small_rows: int
    # With a greater share of rows without a value the column is no cursor: such rows are read in every load
    most_null_percent: int
    # Up to how many rows deleted ones are looked for by reading all keys in every load
    most_keys: int
    # Rows that may be no older than this are not had by repeated loads, but by events
    slow_freshness: Duration
    # For how long incload_strategy_recommend_for() may look at the source and the target
    look_timeout: Duration


class StrategyOptions(TypedDict, total=False):
    # Which rows are read: all of them, those past the watermark by the cursor, or those whose cursor lies in
    # [initial, until), which moves no watermark
    window: Literal["all", "since", "interval"]
    # How rows land: inserted; merged by key (a row whose key is there updates it, another is inserted); inserted only
    # where their key is not there; in place of all target rows of the keys that come; in place of the target's rows
    # in [initial, until); in place of all rows, all in one transaction; with scd2 as a new version of the row, which
    # ends the version before; or with swap in a new table that takes the target's place in one moment
    write: Literal["append", "merge", "insert_new", "delete_insert", "replace_interval", "replace", "scd2", "swap"]
    # The column that grows when a row changes, such as updated_at, or that says when it belongs
    cursor: Union[str, Bound]
    # The columns that identify a row (with write=delete_insert: a group of rows)
    key: Names
    # The source's columns to load, in the form source or source:target where the name differs
    columns: Names
    # What to do about rows whose cursor is NULL or infinite, which no watermark can cover: fail, load them in every
    # run (where write can bear a row that comes again), or leave them out
    null_cursor: Literal["raise", "include", "exclude"]
    # Where the first load starts, or the interval: a cursor value in the source's own text; rows at or past it are
    # read
    initial: Union[str, Bound]
    # Where reading ends: a cursor value in the source's own text; rows at or past it are left for later
    until: Union[str, Bound]
    # When one load brings several rows of one key: the column whose greatest value wins
    latest_by: Union[str, Bound]
    # What to do when the target has rows but no watermark is recorded: refuse; take the greatest cursor value in the
    # target as the watermark; or read everything again (where write can bear a row that comes again)
    missing_state: Literal["fail", "derive", "full"]
    # Create the target table in the shape of the source when it is missing
    create_target: bool
    # Let write=append without a watermark add to a target that has rows already, which may repeat rows loaded before
    append_to_rows: bool
    # The road the rows take
    road: Literal["auto", "same-database", "relay", "batches"]
    # The most rows of a batch
    batch_rows: int
    # About the most memory of a batch
    batch_bytes: int
    # Rows of a page where the source's driver would buffer a whole result (MariaDB): more is faster, less is less
    # memory
    page_rows: int
    # Whether a load looks at what was in flight in the source, so that rows committed behind the watermark are found:
    # wherever the source shows it, or never
    horizon: Literal["auto", "none"]
    # Deep reads look at the whole table for rows that their stamps would hide, and count them: now and then (see
    # deep_every), in every load, or never
    deep: Literal["auto", "always", "never"]
    # How long may pass between deep reads when deep=auto
    deep_every: Duration
    # How far below the watermark rows are read again where nothing shows what was in flight; twice the worst lateness
    # that a deep read has met, if that is more
    lookback: Duration
    # The same for a cursor of integers, in its own unit
    lookback_count: int
    # The time zone of a cursor without one, such as UTC or Europe/Berlin: what the sessions that write it are set to
    cursor_zone: Union[str, Bound]
    # How rows that were deleted in the source are found: not at all; by reading all its keys in the snapshot of the
    # load and deleting (or marking, see deletes) what the target has beyond them; or by comparing digests of keys,
    # range by range, which the servers compute (PostgreSQL, MariaDB), and reading the keys of ranges that differ
    detect_deletes: Literal["none", "keys", "digest"]
    # Let detect_deletes empty the target, or scd2_deletes end every version, when the source has no row left
    delete_all: bool
    # Refuse to publish when a load brings fewer rows than this
    min_rows: int
    # Refuse to publish when a load brings more rows than this
    max_rows: int
    # Refuse to publish when the target would lose more than this share of its rows: by write=replace, write=swap or
    # detect_deletes
    max_shrink: int
    # Columns, named as in the source, that must not be NULL in any row that is about to be published
    check_not_null: Names
    # Columns, named as in the source, that together must not repeat among the rows that are about to be published
    check_unique: Names
    # What to do about rows that the target refuses for what is in them (a value out of range, a constraint): fail the
    # load, or put them into the ledger's table of rejects and load the others
    bad_rows: Literal["fail", "reject"]
    # With bad_rows=reject: the load fails when more rows than this are bad
    max_rejected: int
    # With bad_rows=reject: the load fails when more than this share of the rows it read is bad
    max_rejected_percent: int
    # What makes a new version with write=scd2: a difference in a column outside of the key, which is valid from the
    # time of the load (the target's clock); or a newer time in latest_by (else cursor), from which it is valid
    scd2_compare: Literal["columns", "timestamp"]
    # The source's columns that are compared with scd2_compare=columns; a change in others alone makes no version
    scd2_columns: Names
    # What write=scd2 does about keys that a full window (window=all) does not bring: nothing; end their current
    # version; or end it and add one that is marked in is_deleted_column
    scd2_deletes: Literal["ignore", "invalidate", "new_record"]
    # The target's column with the time from which a version is valid (write=scd2)
    valid_from_column: Union[str, Bound]
    # The target's column with the time up to which a version is valid, NULL in the current one (write=scd2)
    valid_to_column: Union[str, Bound]
    # The target's column that marks current versions (write=scd2)
    current_column: Union[str, Bound]
    # The target's column that marks versions of deleted keys (scd2_deletes=new_record)
    is_deleted_column: Union[str, Bound]
    # What to do about a column that is new in the source since the load ran before: add it to the target, where older
    # rows have NULL in it; leave it out; or refuse
    new_columns: Literal["evolve", "ignore", "error"]
    # What to do about a column whose type was widened in the source: widen it in the target; keep the target's type
    # and fail only at a value that does not fit; or refuse
    widened_types: Literal["evolve", "ignore", "error"]
    # What to do about a column that earlier loads filled and the source no longer has: drop it from the target with
    # all that it holds; keep it, with NULL or its default in new rows; or refuse
    dropped_columns: Literal["evolve", "ignore", "error"]
    # What to do about a column whose type in the source is another, not a wider one: change the target's where its
    # values can be cast without loss; keep the target's type and fail only at a value that does not fit; or refuse
    changed_types: Literal["evolve", "ignore", "error"]
    # Let write=replace or write=swap empty the target when no row came
    allow_empty: bool
    # The source's column that marks a row as deleted: by true (boolean), by anything but 0 (integer), by d, delete,
    # deleted, t, true, y, yes or 1 in any case of letters (text), or by being there at all (date, timestamp)
    delete_marker: Union[str, Bound]
    # What becomes of a target row that is deleted in the source, as delete_marker or detect_deletes finds it: it is
    # deleted, or it keeps its values and is marked by deleted_column and deleted_at_column
    deletes: Literal["hard", "soft"]
    # With deletes=soft: the target's column, boolean or integer, that is true for a deleted row
    deleted_column: Union[str, Bound]
    # With deletes=soft: the target's timestamp column for when a load found the row deleted, in UTC
    deleted_at_column: Union[str, Bound]
    # With write=swap: how the new table takes the target's place, by renaming both; or, on PostgreSQL, as a partition
    # of the target, in place of the one whose bounds are those of window=interval, or of swap_partition
    swap_by: Literal["rename", "partition"]
    # With write=swap: the longest that one try waits for the target's exclusive lock, and so the longest that readers
    # stand in line behind it
    lock_timeout: Duration
    # With write=swap: how long tries for that lock are repeated before the swap is given up
    swap_wait: Duration
    # With write=swap: how many times, at most, a try for that lock is repeated
    swap_retries: int
    # With swap_by=partition: the name of the partition that is exchanged, with its schema or without
    swap_partition: Union[str, Bound]


class StreamOptions(TypedDict, total=False):
    # The name under which the target keeps the position, as a watermark
    name: Union[str, Bound]
    # The publication of the source that says which changes are sent
    publication: Union[str, Bound]
    # The replication slot, which keeps the place in the source's log: letters a to z, digits and underscores
    slot: Union[str, Bound]
    # The source's tables to follow, in the form table, schema.table, or either with :target behind it where the
    # target's name differs
    tables: Names
    # Whether the publication and the slot are made where they are missing, the publication for the tables of option
    # tables or else for all tables; or somebody else makes them
    create: Literal["missing", "never"]
    # Make the slot so that standbys keep it, too: PostgreSQL 17 or later
    failover: bool
    # How the first run begins: it copies the tables into empty or missing targets; or in the place of all rows that
    # targets have; or it copies nothing and follows from where the slot stands
    snapshot: Literal["initial", "replace", "never"]
    # When a run ends: when it is told to; when it has all that was committed before it began; or when it has all up
    # to until_position
    until: Literal["stopped", "caught_up", "position"]
    # A position in the source's log, such as 16/B374D848
    until_position: Union[str, Bound]
    # Changes after which the target commits, at the end of a transaction of the source
    batch_events: int
    # The most memory for changes that wait for a commit; folding them takes about as much again
    batch_bytes: int
    # How long a change may wait for a commit while others come
    batch_delay: Duration
    # The most memory for messages of the log that were received and not yet read, and as much for transactions that
    # have not ended; beyond it these go to a file
    memory: int
    # Where that file is made: it has no name and is gone with the process
    spool_directory: Union[str, Bound]
    # What becomes of a deleted row: with hard it is deleted; with soft it keeps its values and is marked by
    # deleted_column and deleted_at_column; auto is soft where the target has both of these columns
    deletes: Literal["auto", "hard", "soft"]
    # The targets' column, boolean or integer, that is true for a deleted row
    deleted_column: Union[str, Bound]
    # The targets' timestamp column for when a delete was applied, in UTC
    deleted_at_column: Union[str, Bound]
    # What to do about a column of the source that the target does not have: end the stream, or leave it out
    unknown_columns: Literal["error", "ignore"]
    # What to do about a table of the source that was altered: end the stream with the exact difference, unless the
    # target has what is new; go on with the columns that both have; or alter the target likewise, as loads do: add
    # columns, widen types, and what dropped_columns and changed_types say
    schema_changes: Literal["error", "ignore", "apply"]
    # How often the source is told at least how far the stream has come, and how often an idle one moves its position
    # on
    status_interval: Duration
    # How often the source is asked how much log it keeps for the slot
    slot_interval: Duration
    # The share of the source's max_slot_wal_keep_size from which on incload_stream_alarm() says so
    slot_alarm: int
    # The same as a size, for servers without that limit; 0: none
    slot_alarm_bytes: int
    # How long making the slot may take: it waits for the end of every transaction that is open on the source
    slot_timeout: Duration
    # How long a commit in the target may take, connecting included; 0 sets no limit
    timeout: Duration
    # For how long a commit, or the first copy with the making of its slot, holds the right to be the only one under
    # this name; it is renewed while that is at work
    lease: Duration
    # How long a commit or a first copy waits for another one under this name to end, such as that of a stream that
    # was killed
    wait: Duration
    # How often in succession a commit, or the connection to the source, is tried again after an error that may pass
    retries: int
    # The longest pause before the first retry; it doubles with each one
    retry_delay: Duration
    # What the longest pause does not grow past
    retry_max_delay: Duration
    # With schema_changes=apply, of a column that the source no longer has: drop it from the target with all that it
    # holds; keep it, with NULL or its default in new rows; or end the stream
    dropped_columns: Literal["evolve", "ignore", "error"]
    # With schema_changes=apply, of a column whose type is another, not a wider one: change the target's where its
    # values can be cast without loss; keep it, and fail at a value that does not fit; or end the stream
    changed_types: Literal["evolve", "ignore", "error"]
    # How much memory the source may take to put transactions together (its logical_decoding_work_mem, at least 64 kB,
    # for this stream alone): with more of it large transactions cost the source less, and come in fewer parts
    decoding_memory: int
    # How many tables the first copy reads and writes at a time, each over its own two connections and in its own
    # transaction of the target; at most a third of max_connections of either database
    snapshot_parallel: int


class StreamStepOptions(TypedDict, total=False):
    # When the step has succeeded, whatever the stream's own option says: caught_up, once it has all that was
    # committed before the attempt began; stopped, when the run is drained, and not before; position, once it has all
    # up to the position of that option
    until: Literal["caught_up", "stopped", "position"]
    # For until=position: a position in the source's log, such as 16/B374D848
    position: Union[str, Bound]
