/* SPDX-License-Identifier: Apache-2.0 */
/* Two rows of the target's ledger: the position, which every commit moves, and behind it the source it belongs to:
 *
 *     stream:incload           "23957128.7"
 *     stream:incload:source    "7561298341283971 incload following"
 *
 * While the first copy is at work its name stands in the place of "following", and with the loads of the tables that
 * it has brought:
 *
 *     stream:incload:source         "7561298341283971 incload copying 9b1f..."
 *     stream:incload:public.items   "9b1f..."
 *
 * The second is written before a slot is made, so that a slot that a broken first run left behind is known as ours. Who
 * writes it moves it from the version that was read, and lands only while it has the version that was written: of two
 * processes that begin one stream the later one has the slot, and the earlier one lands nothing more. */
#include <stdio.h>
#include <string.h>

#include "cdc/stream.h"

#include "driver/failpoint.h"

static const char source_type[] = "source", copying[] = "copying ", following[] = "following";

static char *
source_name_of(const incload_stream *stream)
{
    incload__str name = INCLOAD__STR(stream->mem);

    incload__str_addf(&name, "%s:source", stream->name);
    return incload__str_take(&name);
}

int32_t
incload__stream_visit_begin(incload__stream_visit *v, incload_stream *stream, int64_t most_ms, incload_error **err)
{
    *v = (incload__stream_visit){ .stream = stream, .source_name = source_name_of(stream) };
    if (v->source_name == NULL)
        return incload__fail_memory(err);
    int32_t status = incload__database_take(stream->target, INCLOAD__ROLE_WRITE,
                                            incload__deadline_in(stream->env, most_ms), stream, &v->conn, err);
    if (status == INCLOAD_OK)
        status = incload__ledger_init(&v->ledger, stream->mem, v->conn->dialect,
                                      incload__database_ledger(stream->target), err);
    if (status == INCLOAD_OK)
        status = incload__ledger_find(&v->ledger, v->conn, &v->exists, err);
    /* Some ask without an error to fill, so the prefix has no code for them. */
    if (status != INCLOAD_OK)
        incload__error_prefix(err, "target");
    return status;
}

void
incload__stream_visit_end(incload__stream_visit *v)
{
    incload__ledger_free(&v->ledger);
    if (v->conn != NULL)
        incload__database_give_back(v->stream->target, v->conn);
    incload__free(v->stream->mem, v->source_name);
}

/* ---- reading ---- */

static int32_t
read_source(const char *text, incload__stream_state *out, incload_error **err)
{
    const char *slot = strchr(text, ' ');
    const char *phase = slot != NULL ? strchr(slot + 1, ' ') : NULL;

    if (phase == NULL || slot - text >= INCLOAD__SYSTEM_ID || phase - slot > INCLOAD__SLOT_NAME)
        return incload__fail(err, INCLOAD_E_DATA, "the ledger's row of the stream's source has an unknown form");
    out->known = true;
    snprintf(out->system_id, sizeof out->system_id, "%.*s", (int)(slot - text), text);
    snprintf(out->slot, sizeof out->slot, "%.*s", (int)(phase - slot - 1), slot + 1);
    /* Before copies had names the word stood alone. */
    out->copying = strncmp(phase + 1, copying, sizeof copying - 2) == 0;
    if (out->copying && phase[sizeof copying - 1] != '\0')
        snprintf(out->copy, sizeof out->copy, "%s", phase + sizeof copying);
    return INCLOAD_OK;
}

static int32_t
read_rows(incload__stream_visit *v, incload__stream_state *out, incload_error **err)
{
    incload__position source = { .value = NULL }, place = { .value = NULL };
    int32_t status = incload__ledger_read(&v->ledger, v->conn, v->source_name, &source, err);

    out->version = source.version;
    if (status == INCLOAD_OK && source.value != NULL)
        status = read_source(source.value, out, err);
    if (status == INCLOAD_OK)
        status = incload__ledger_read(&v->ledger, v->conn, v->stream->name, &place, err);
    if (status == INCLOAD_OK && place.value != NULL) {
        out->placed = true;
        status = incload__place_parse(place.value, &out->place, err);
    }
    incload__position_free(&source);
    incload__position_free(&place);
    return status;
}

int32_t
incload__stream_state_read(incload_stream *stream, incload__stream_state *out, incload_error **err)
{
    incload__stream_visit v;

    memset(out, 0, sizeof *out);
    int32_t status = incload__stream_visit_begin(&v, stream, stream->values.timeout, err);
    if (status == INCLOAD_OK && v.exists)
        status = read_rows(&v, out, err);
    incload__stream_visit_end(&v);
    return status;
}

/* ---- writing ---- */

static int32_t
move(const incload__ledger *ledger, incload__conn *to, const char *name, int64_t version, const char *value,
     const char *type, incload_error **err)
{
    char run_id[INCLOAD__RUN_ID_SIZE];
    incload__position next = { .value = (char *)(uintptr_t)value,
                               .type = (char *)(uintptr_t)type,
                               .level = (char *)(uintptr_t) "EXACT" };

    incload__run_id(to->env, run_id);
    return incload__ledger_move(ledger, to, name, version, &next, run_id, err);
}

/* In the open transaction, whatever the row holds by now; `value` NULL takes it back. */
static int32_t
put(const incload__ledger *ledger, incload__conn *to, const char *name, const char *value, const char *type,
    incload_error **err)
{
    incload__position now = { .value = NULL };
    int32_t status = incload__ledger_read(ledger, to, name, &now, err);

    if (status == INCLOAD_OK && (value != NULL || now.value != NULL))
        status = move(ledger, to, name, now.version, value, type, err);
    incload__position_free(&now);
    return status;
}

static int32_t
fail_overtaken(const incload_stream *stream, incload_error **err)
{
    return incload__fail(err, INCLOAD_E_BUSY,
                         "another process has begun stream '%.63s' meanwhile, or taken it away: what this one has "
                         "copied counts for nothing; run it again to go on behind the position of that one",
                         stream->name);
}

typedef struct source_row {
    const char *system_id;
    const char *slot;
    const char *copy; /* that is at work; NULL: it is followed */
} source_row;

/* From the version that was read when this process began. */
static int32_t
move_source(const incload_stream *stream, const source_row *row, int64_t version, const incload__ledger *ledger,
            incload__conn *to, const char *name, incload_error **err)
{
    incload__str value = INCLOAD__STR(stream->mem);
    incload_error *failure = NULL;

    incload__str_addf(&value, "%s %s %s%s", row->system_id, row->slot, row->copy != NULL ? copying : following,
                      row->copy != NULL ? row->copy : "");
    int32_t status = value.failed
                         ? incload__fail_memory(err)
                         : move(ledger, to, name, version, incload__str_text(&value), source_type, &failure);
    incload__str_free(&value);
    if (status != INCLOAD_E_BUSY)
        return failure != NULL ? incload__error_pass(err, failure) : status;
    incload_error_unref(failure);
    return fail_overtaken(stream, err);
}

int32_t
incload__stream_state_check(incload_stream *stream, int64_t version, const incload__ledger *ledger, incload__conn *to,
                            incload_error **err)
{
    incload__position now = { .value = NULL };
    char *name = source_name_of(stream);
    int32_t status = name != NULL ? incload__ledger_read(ledger, to, name, &now, err) : incload__fail_memory(err);

    if (status == INCLOAD_OK && now.version != version)
        status = fail_overtaken(stream, err);
    incload__position_free(&now);
    incload__free(stream->mem, name);
    return status;
}

bool
incload__stream_state_holds(incload_stream *stream, int64_t version)
{
    incload__stream_visit v;
    int32_t status = incload__stream_visit_begin(&v, stream, incload__stream_end_ms(stream), NULL);

    if (status == INCLOAD_OK)
        status = incload__stream_state_check(stream, version, &v.ledger, v.conn, NULL);
    incload__stream_visit_end(&v);
    return status == INCLOAD_OK;
}

int32_t
incload__stream_state_land(incload_stream *stream, const char *system_id, int64_t version,
                           const incload__ledger *ledger, incload__conn *to, incload__place place, incload_error **err)
{
    incload__str text = INCLOAD__STR(stream->mem);
    const source_row row = { .system_id = system_id, .slot = stream->slot };
    char *name = source_name_of(stream);

    incload__place_print(place, &text);
    int32_t status = name == NULL || text.failed ? incload__fail_memory(err) : INCLOAD_OK;
    if (status == INCLOAD_OK)
        status = move_source(stream, &row, version, ledger, to, name, err);
    if (status == INCLOAD_OK)
        status = put(ledger, to, stream->name, incload__str_text(&text), "position", err);
    incload__str_free(&text);
    incload__free(stream->mem, name);
    return status;
}

int32_t
incload__stream_state_copied(const incload__ledger *ledger, incload__conn *to, const char *load_name, const char *copy,
                             incload_error **err)
{
    return put(ledger, to, load_name, copy, "copy", err);
}

/* What a transaction of its own writes. */
typedef struct writing {
    const char *system_id; /* NULL: both rows are taken back */
    const char *slot;
    incload__stream_state *begins; /* NULL: it is followed from `place` on */
    int64_t version;
    incload__place place;
} writing;

/* The version that it has then is not always the next one: of a row that is new it depends on the history. */
static int32_t
begin_rows(incload__stream_visit *v, const writing *what, incload_error **err)
{
    const source_row row = { what->system_id, what->slot, what->begins->copy };
    incload__position now = { .value = NULL };
    int32_t status =
        move_source(v->stream, &row, what->begins->version, &v->ledger, v->conn, v->source_name, err);

    if (status == INCLOAD_OK)
        status = incload__ledger_read(&v->ledger, v->conn, v->source_name, &now, err);
    what->begins->version = now.version;
    incload__position_free(&now);
    return status;
}

static int32_t
write_rows(incload__stream_visit *v, const writing *what, incload_error **err)
{
    if (what->system_id == NULL) {
        int32_t status = put(&v->ledger, v->conn, v->source_name, NULL, NULL, err);
        return status == INCLOAD_OK ? put(&v->ledger, v->conn, v->stream->name, NULL, NULL, err) : status;
    }
    if (what->begins != NULL)
        return begin_rows(v, what, err);
    return incload__stream_state_land(v->stream, what->system_id, what->version, &v->ledger, v->conn, what->place, err);
}

static int32_t
write_alone(incload_stream *stream, const writing *what, incload_error **err)
{
    incload__stream_visit v;
    int32_t status = incload__stream_visit_begin(&v, stream, stream->values.timeout, err);

    if (status == INCLOAD_OK && !v.exists && what->system_id == NULL) {
        incload__stream_visit_end(&v);
        return INCLOAD_OK;
    }
    if (status == INCLOAD_OK)
        status = incload__ledger_ensure(&v.ledger, v.conn, err);
    if (status == INCLOAD_OK)
        status = v.conn->driver->begin(v.conn, err);
    if (status == INCLOAD_OK)
        status = write_rows(&v, what, err);
    INCLOAD__FAILPOINT_ON(status, v.conn, "stream.state.written", INCLOAD_E_CONNECT, err);
    if (status == INCLOAD_OK)
        status = v.conn->driver->commit(v.conn, err);
    else if (v.conn != NULL)
        v.conn->driver->rollback(v.conn, NULL);
    incload__stream_visit_end(&v);
    return status;
}

int32_t
incload__stream_state_begin(incload_stream *stream, const char *system_id, const char *slot,
                            incload__stream_state *state, incload_error **err)
{
    return write_alone(stream, &(writing){ .system_id = system_id, .slot = slot, .begins = state }, err);
}

int32_t
incload__stream_state_place(incload_stream *stream, const char *system_id, int64_t version, incload__place place,
                            incload_error **err)
{
    return write_alone(stream, &(writing){ .system_id = system_id, .version = version, .place = place }, err);
}

int32_t
incload__stream_state_forget(incload_stream *stream, incload_error **err)
{
    return write_alone(stream, &(writing){ .system_id = NULL }, err);
}
