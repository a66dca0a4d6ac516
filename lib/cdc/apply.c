/* SPDX-License-Identifier: Apache-2.0 */
#include "cdc/apply.h"

#include <string.h>

#include "cdc/fold.h"
#include "cdc/seek.h"
#include "cdc/write.h"
#include "driver/failpoint.h"

/* For how many commits new rows take the long way after they met others: events are being told again, perhaps. */
enum { WARY = 64 };

/* One table's part of a chunk of events. */
typedef struct part {
    const incload__change_table *table;
    incload__seek seek;
    incload__fold fold;
    incload__change_write write;
    incload__change_count count; /* rows */
    bool used;
} part;

typedef struct work {
    incload__load *load;
    incload__changes_job *job;
    incload__change_set *set;
    incload__place stored; /* what the ledger says */
    int64_t first;         /* of the events, the one behind it */
    part *parts;           /* one for each table */
    bool piecewise;        /* while a transaction is still coming */
    bool whole;            /* all of it has come */
    bool careful;          /* no row goes straight into its table */
    bool any_straight;     /* some row did */
    int32_t at;            /* table that is being written */
} work;

/* ---- what is to be done ---- */

static int32_t
keep_text(const incload__load *load, char **field, const char *text, incload_error **err)
{
    incload__free(load->mem, *field);
    *field = incload__strdup(load->mem, text);
    return *field != NULL ? INCLOAD_OK : incload__fail_memory(err);
}

/* For the record of the run: a group's own name stands for its tables, or for none, as long as a stream knows none. */
static int32_t
name_tables(const work *w, incload_error **err)
{
    incload__load *load = w->load;
    const incload__table *alone = w->set->count == 1 ? &w->set->tables[0]->table.name : NULL;
    int32_t status = keep_text(load, &load->source_name.name, "changes", err);

    if (status == INCLOAD_OK)
        status = keep_text(load, &load->target_name.name, alone != NULL ? alone->name : w->set->name, err);
    if (status == INCLOAD_OK && alone != NULL && alone->schema != NULL)
        status = keep_text(load, &load->target_name.schema, alone->schema, err);
    atomic_store(&load->result->road, "changes");
    return status;
}

/* Events that tell how rows are, not what happened to them, are of no use once others have told newer ones. Their end
 * is a place like no other: where it is stored they have landed. */
static int32_t
check_fence(const work *w, incload_error **err)
{
    const incload__change_set *set = w->set;

    if (!set->fenced || incload__place_order(w->stored, set->place) == 0
        || incload__place_order(w->stored, set->reached) == 0)
        return INCLOAD_OK;
    return incload__fail(err, INCLOAD_E_BUSY,
                         "another consumer has applied changes under this name meanwhile: nothing of these was kept; "
                         "one consumer is enough, so end the other, or give it a change table and a name of its own");
}

static int32_t
get_more(work *w, incload_error **err)
{
    bool more = false;
    int32_t status = w->set->feed(w->set->feed_data, &more, err);

    w->whole = status == INCLOAD_OK && !more;
    return status;
}

static int32_t
await_end(work *w, incload_error **err)
{
    int32_t status = INCLOAD_OK;

    while (status == INCLOAD_OK && !w->whole)
        status = get_more(w, err);
    return status;
}

/* In order, the first event that is not committed. Without its end a transaction is known to be new only beside the
 * place that was known before it. */
static int32_t
find_first(work *w, incload_error **err)
{
    incload__log *log = &w->set->log;
    const char *value = w->load->before.value;
    int32_t status = value != NULL ? incload__place_parse(value, &w->stored, err) : INCLOAD_OK;

    w->whole = w->set->feed == NULL;
    w->piecewise = !w->whole && incload__place_order(w->stored, w->set->place) == 0;
    if (status == INCLOAD_OK && !w->piecewise)
        status = await_end(w, err);
    if (status == INCLOAD_OK)
        status = incload__log_sort(log, err);
    if (status == INCLOAD_OK)
        status = check_fence(w, err);
    if (status != INCLOAD_OK || !log->placed)
        return status;
    while (w->first < log->count && incload__place_order(log->events[w->first].place, w->stored) <= 0)
        w->first++;
    return INCLOAD_OK;
}

static bool
is_repeated(const work *w, int64_t at)
{
    const incload__log *log = &w->set->log;

    return log->placed && at > w->first && incload__place_order(log->events[at - 1].place, log->events[at].place) == 0;
}

/* The position when all is written. */
static incload__place
end_of(const work *w)
{
    const incload__log *log = &w->set->log;
    incload__place end = log->placed ? log->events[log->count - 1].place : w->stored;

    if (incload__place_order(end, w->stored) < 0)
        end = w->stored;
    return incload__place_order(end, w->set->reached) < 0 ? w->set->reached : end;
}

/* ---- a chunk of events ---- */

static void
open_parts(work *w)
{
    for (int32_t i = 0; i < w->set->count; i++) {
        part *p = &w->parts[i];
        const incload__change_table *table = &w->set->tables[i]->table;
        *p = (part){ .table = table, .seek = { .load = w->load, .table = table } };
        incload__log_init(&p->seek.found, table->mem);
        incload__fold_init(&p->fold, table->mem, table->key, table->key_count, table->columns.count,
                           table->marks.count > 0, (incload__base){ incload__seek_row, &p->seek });
        p->write = (incload__change_write){ .load = w->load,
                                            .table = table,
                                            .fold = &p->fold,
                                            .count = &p->count,
                                            .ordered = incload__change_table_refers_to(table, table),
                                            .straight = !w->careful && w->set->tables[i]->wary == 0 };
    }
}

/* What was not written counts for nothing. */
static void
close_parts(work *w, bool done)
{
    for (int32_t i = 0; i < w->set->count; i++) {
        part *p = &w->parts[i];
        w->any_straight = w->any_straight || p->write.went_straight;
        w->job->counts[i].written += done ? p->count.written : 0;
        w->job->counts[i].deleted += done ? p->count.deleted : 0;
        incload__change_write_free(&p->write);
        incload__fold_free(&p->fold);
        incload__log_free(&p->seek.found);
    }
}

static int32_t
fold_events(work *w, int64_t first, int64_t last, incload_error **err)
{
    int32_t status = INCLOAD_OK;

    for (int64_t i = first; i < last && status == INCLOAD_OK; i++) {
        const incload__event *event = &w->set->log.events[i];
        if (is_repeated(w, i))
            continue;
        w->at = event->table;
        w->parts[event->table].used = true;
        status = incload__fold_add(&w->parts[event->table].fold, event, err);
    }
    for (int32_t i = 0; i < w->set->count && status == INCLOAD_OK; i++) {
        w->at = i;
        if (w->parts[i].used)
            status = incload__change_write_prepare(&w->parts[i].write, err);
    }
    return status;
}

typedef int32_t step(incload__change_write *write, incload_error **err);

/* `turn` 1: those that others refer to first; -1: last. */
static int32_t
each(work *w, step *what, int32_t turn, incload_error **err)
{
    int32_t status = INCLOAD_OK;

    for (int32_t i = 0; i < w->set->count && status == INCLOAD_OK; i++) {
        w->at = w->set->order[turn > 0 ? i : w->set->count - 1 - i];
        if (w->parts[w->at].used)
            status = what(&w->parts[w->at].write, err);
    }
    return status;
}

/* Rows are written before others are removed where they may have referred to those, or are told by all of their
 * columns; elsewhere a removed row makes room for what it had and is unique. Of one event the removal comes first: that
 * is its row before. */
static bool
writes_first(const work *w, int64_t events)
{
    bool keyless = false;

    for (int32_t i = 0; i < w->set->count; i++)
        keyless = keyless || (w->parts[i].used && w->parts[i].table->key_count == 0);
    return events > 1 && (w->set->related || keyless);
}

static int32_t
write_parts(work *w, int64_t events, incload_error **err)
{
    bool first = writes_first(w, events);
    int32_t status = each(w, incload__change_write_clear, -1, err);

    if (status == INCLOAD_OK && !first)
        status = each(w, incload__change_write_remove, -1, err);
    if (status == INCLOAD_OK)
        status = each(w, incload__change_write_rows, 1, err);
    if (status == INCLOAD_OK && first)
        status = each(w, incload__change_write_remove, -1, err);
    return status;
}

/* Events first to last - 1, folded and written. */
static int32_t
write_events(work *w, int64_t first, int64_t last, incload_error **err)
{
    open_parts(w);
    int32_t status = fold_events(w, first, last, err);
    if (status == INCLOAD_OK)
        status = write_parts(w, last - first, err);
    close_parts(w, status == INCLOAD_OK);
    if (status != INCLOAD_OK && w->set->count > 1)
        incload__error_prefix(err, "table %.80s", w->set->tables[w->at]->given);
    return status;
}

/* What there is, then what comes while that is written. */
static int32_t
write_pieces(work *w, incload_error **err)
{
    int32_t status = INCLOAD_OK;

    for (int64_t at = w->first; status == INCLOAD_OK && (!w->whole || at < w->set->log.count);) {
        int64_t last = w->set->log.count;
        if (at < last)
            status = write_events(w, at, last, err);
        at = last;
        if (status == INCLOAD_OK && !w->whole)
            status = get_more(w, err);
    }
    return status;
}

/* ---- in halves ---- */

/* Truncates one behind the other are one: tables that refer to each other are emptied together. */
static bool
may_cut(const work *w, int64_t at)
{
    const incload__event *events = w->set->log.events;

    return events[at - 1].operation != INCLOAD_CHANGE_TRUNCATE || events[at].operation != INCLOAD_CHANGE_TRUNCATE;
}

/* The cut nearest to the middle, or -1. */
static int64_t
middle_of(const work *w, int64_t first, int64_t last)
{
    int64_t middle = first + (last - first) / 2;

    for (int64_t away = 0; away <= last - first; away++) {
        if (middle - away > first && may_cut(w, middle - away))
            return middle - away;
        if (middle + away < last && middle + away > first && may_cut(w, middle + away))
            return middle + away;
    }
    return -1;
}

/* What is right one by one may be refused together: two rows that swap a unique value. What is refused is undone and
 * written in halves, in order, down to single events. */
static int32_t
write_halves(work *w, int64_t first, int64_t last, bool refused, incload_error **err)
{
    static const char point[] = "incload_changes";
    incload__conn *to = w->load->to;
    incload_error *failure = NULL;
    int64_t middle = middle_of(w, first, last);
    int32_t status = INCLOAD_OK;

    if (middle < 0)
        return write_events(w, first, last, err);
    if (!refused) {
        status = incload__savepoint_set(to, point, err);
        if (status != INCLOAD_OK)
            return status;
        status = write_events(w, first, last, &failure);
        if (status == INCLOAD_OK)
            return incload__savepoint_release(to, point, err);
        if (status != INCLOAD_E_CONSTRAINT || incload__savepoint_undo(to, point, NULL) != INCLOAD_OK)
            return incload__error_pass(err, failure);
        incload_error_unref(failure);
    }
    status = write_halves(w, first, middle, false, err);
    return status == INCLOAD_OK ? write_halves(w, middle, last, false, err) : status;
}

/* ---- the transaction ---- */

static int32_t
say(const work *w, const char *sql, incload_error **err)
{
    return sql == NULL ? INCLOAD_OK : w->load->to->driver->execute(w->load->to, sql, NULL, 0, NULL, err);
}

static int32_t
begin(const work *w, incload_error **err)
{
    incload__conn *to = w->load->to;
    incload__rows rows = { .mem = w->load->mem };
    int32_t status = to->driver->begin(to, err);

    if (status == INCLOAD_OK && to->dialect->seek_rows != NULL)
        status = to->driver->select(to, to->dialect->seek_rows, NULL, 0, &rows, err);
    incload__rows_free(&rows);
    if (status == INCLOAD_OK && w->set->durable && to->dialect->durable_commit != NULL)
        status = to->driver->select(to, to->dialect->durable_commit, NULL, 0, &rows, err);
    incload__rows_free(&rows);
    if (status == INCLOAD_OK && w->set->deferred)
        status = say(w, to->dialect->defer_constraints, err);
    return status;
}

/* What a commit records beside the rows. */
static int32_t
set_position(work *w, incload_error **err)
{
    incload__position *to = &w->load->before;
    incload__str text = INCLOAD__STR(w->load->mem);
    int32_t status = INCLOAD_OK;

    if (!w->set->log.placed && !incload__place_is_told(w->set->reached))
        return INCLOAD_OK;
    to->mem = w->load->mem;
    incload__place_print(end_of(w), &text);
    status = text.failed ? incload__fail_memory(err) : keep_text(w->load, &to->value, incload__str_text(&text), err);
    if (status == INCLOAD_OK)
        status = keep_text(w->load, &to->type, "position", err);
    if (status == INCLOAD_OK)
        status = keep_text(w->load, &to->level, "EXACT", err);
    if (status == INCLOAD_OK && w->set->next_note != NULL)
        status = keep_text(w->load, &to->document, w->set->next_note, err);
    incload__str_free(&text);
    return status;
}

static void
tell_unit(const work *w)
{
    incload_unit *unit = w->load->unit;
    int64_t written = 0, deleted = 0;

    for (int32_t i = 0; i < w->set->count; i++) {
        written += w->job->counts[i].written;
        deleted += w->job->counts[i].deleted;
    }
    atomic_store(&unit->rows_read, w->set->log.count - w->first);
    atomic_store(&unit->rows_written, written);
    atomic_store(&unit->rows_deleted, deleted);
}

/* `refused`: all at once, they were. */
static int32_t
attempt(work *w, bool refused, incload_error **err)
{
    int32_t status = begin(w, err);

    INCLOAD__FAILPOINT_ON(status, w->load->to, "apply.begun", INCLOAD_E_CONFLICT, err);
    memset(w->job->counts, 0, (size_t)w->set->count * sizeof w->job->counts[0]);
    if (status == INCLOAD_OK)
        status = refused ? write_halves(w, w->first, w->set->log.count, true, err) : write_pieces(w, err);
    /* While the transaction can still be started over. */
    if (status == INCLOAD_OK && w->set->deferred)
        status = say(w, w->load->to->dialect->immediate_constraints, err);
    INCLOAD__FAILPOINT_ON(status, w->load->to, "apply.written", INCLOAD_E_CONNECT, err);
    if (status == INCLOAD_OK)
        status = set_position(w, err);
    if (status != INCLOAD_OK)
        return status;
    tell_unit(w);
    return incload__commit(w->load->group, err);
}

/* Whether the transaction was undone so that there may be another way. */
static bool
starts_over(const work *w, const incload_error *failure)
{
    return incload_error_is_retryable(failure) == 0 && incload_error_code(failure) != INCLOAD_E_COMMIT_UNKNOWN
           && incload_unit_is_cancelled(w->load->unit) == 0
           && w->load->to->driver->rollback(w->load->to, NULL) == INCLOAD_OK;
}

/* Of a transaction that came in pieces all is written at once, or nothing when its end does not come. */
static int32_t
attempt_whole(work *w, incload_error **err)
{
    int32_t status = await_end(w, err);

    return status == INCLOAD_OK ? attempt(w, false, err) : status;
}

/* The shortest way first: while a transaction comes, and rows that are new go straight into their table, which may
 * refuse them for one that is there, for a trigger, a policy or a kind of column. */
static int32_t
try_all(work *w, incload_error **err)
{
    incload_error *failure = NULL;
    int32_t status = attempt(w, false, &failure);

    if (status != INCLOAD_OK && w->piecewise && starts_over(w, failure)) {
        incload_error_unref(failure);
        failure = NULL;
        status = attempt_whole(w, &failure);
    }
    if (!w->whole)
        return incload__error_pass(err, failure);
    if (status != INCLOAD_OK && w->any_straight && starts_over(w, failure)) {
        w->set->tables[w->at]->wary = WARY;
        w->careful = true;
        incload_error_unref(failure);
        failure = NULL;
        status = attempt(w, false, &failure);
    }
    if (status == INCLOAD_E_CONSTRAINT && w->set->log.count - w->first > 1 && starts_over(w, failure)) {
        w->careful = true;
        incload_error_unref(failure);
        failure = NULL;
        status = attempt(w, true, &failure);
    }
    return incload__error_pass(err, failure);
}

/* ---- the commit ---- */

static void
report(const work *w, bool done)
{
    const incload__log *log = &w->set->log;

    w->job->place = done ? end_of(w) : w->stored;
    for (int64_t i = 0; i < log->count; i++) {
        incload__change_count *count = &w->job->counts[log->events[i].table];
        bool skipped = i < w->first || is_repeated(w, i);
        count->skipped += skipped ? 1 : 0;
        count->applied += skipped ? 0 : 1;
    }
    for (int32_t i = 0; i < w->set->count; i++)
        w->set->tables[i]->wary -= w->set->tables[i]->wary > 0 ? 1 : 0;
}

static int32_t
apply(work *w, incload_error **err)
{
    int32_t status = name_tables(w, err);

    if (status == INCLOAD_OK)
        status = find_first(w, err);
    if (status != INCLOAD_OK)
        return status;
    /* Another has committed all of them: the turn ends without a transaction. */
    if (w->first == w->set->log.count && incload__place_order(w->set->reached, w->stored) <= 0) {
        incload__turn_end(w->load->group);
        report(w, false);
        return INCLOAD_OK;
    }
    status = try_all(w, err);
    if (status == INCLOAD_OK)
        report(w, true);
    return status;
}

int32_t
incload__changes_apply(incload__load *load, void *data, incload_error **err)
{
    incload__changes_job *job = data;
    work w = { .load = load, .job = job, .set = job->set };

    memset(job->counts, 0, (size_t)job->set->count * sizeof job->counts[0]);
    w.parts = incload__alloc_array(load->mem, (size_t)job->set->count, sizeof *w.parts);
    if (w.parts == NULL)
        return incload__fail_memory(err);
    int32_t status = apply(&w, err);
    incload__free(load->mem, w.parts);
    return status;
}
