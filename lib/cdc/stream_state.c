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
 * The second is written before a slot is made, so that a slot that a broken first run left behind is known as ours. */
#include <stdio.h>
#include <string.h>

#include "cdc/stream.h"

#include "driver/failpoint.h"

static const char source_type[] = "source", copying[] = "copying ", following[] = "following";

typedef struct visit {
    incload_stream *stream;
    incload__conn *conn;
    incload__ledger ledger;
    bool exists;
    char *source_name;
} visit;

static char *
source_name_of(const incload_stream *stream)
{
    incload__str name = INCLOAD__STR(stream->mem);

    incload__str_addf(&name, "%s:source", stream->name);
    return incload__str_take(&name);
}

static int32_t
visit_begin(visit *v, incload_stream *stream, incload_error **err)
{
    *v = (visit){ .stream = stream, .source_name = source_name_of(stream) };
    if (v->source_name == NULL)
        return incload__fail_memory(err);
    int32_t status =
        incload__database_take(stream->target, INCLOAD__ROLE_WRITE,
                               incload__deadline_in(stream->env, stream->values.timeout), stream, &v->conn, err);
    if (status == INCLOAD_OK)
        status = incload__ledger_init(&v->ledger, stream->mem, v->conn->dialect,
                                      incload__database_ledger(stream->target), err);
    if (status == INCLOAD_OK)
        status = incload__ledger_find(&v->ledger, v->conn, &v->exists, err);
    return status == INCLOAD_OK ? status : incload__error_prefix(err, "target");
}

static void
visit_end(visit *v)
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
read_rows(visit *v, incload__stream_state *out, incload_error **err)
{
    incload__position source = { .value = NULL }, place = { .value = NULL };
    int32_t status = incload__ledger_read(&v->ledger, v->conn, v->source_name, &source, err);

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
    visit v;

    memset(out, 0, sizeof *out);
    int32_t status = visit_begin(&v, stream, err);
    if (status == INCLOAD_OK && v.exists)
        status = read_rows(&v, out, err);
    visit_end(&v);
    return status;
}

/* ---- writing ---- */

/* In the open transaction, whatever the row holds by now; `value` NULL takes it back. */
static int32_t
put(const incload__ledger *ledger, incload__conn *to, const char *name, const char *value, const char *type,
    incload_error **err)
{
    char run_id[INCLOAD__RUN_ID_SIZE];
    incload__position now = { .value = NULL };
    incload__position next = { .value = (char *)(uintptr_t)value,
                               .type = (char *)(uintptr_t)type,
                               .level = (char *)(uintptr_t) "EXACT" };

    incload__run_id(to->env, run_id);
    int32_t status = incload__ledger_read(ledger, to, name, &now, err);
    if (status == INCLOAD_OK && (value != NULL || now.value != NULL))
        status = incload__ledger_move(ledger, to, name, now.version, &next, run_id, err);
    incload__position_free(&now);
    return status;
}

static int32_t
put_source(const incload_stream *stream, const char *system_id, const char *copy, const incload__ledger *ledger,
           incload__conn *to, const char *name, incload_error **err)
{
    incload__str value = INCLOAD__STR(stream->mem);

    incload__str_addf(&value, "%s %s %s%s", system_id, stream->slot, copy != NULL ? copying : following,
                      copy != NULL ? copy : "");
    int32_t status =
        value.failed ? incload__fail_memory(err) : put(ledger, to, name, incload__str_text(&value), source_type, err);
    incload__str_free(&value);
    return status;
}

int32_t
incload__stream_state_land(incload_stream *stream, const char *system_id, const incload__ledger *ledger,
                           incload__conn *to, incload__place place, incload_error **err)
{
    incload__str text = INCLOAD__STR(stream->mem);
    char *name = source_name_of(stream);

    incload__place_print(place, &text);
    int32_t status = name == NULL || text.failed ? incload__fail_memory(err) : INCLOAD_OK;
    if (status == INCLOAD_OK)
        status = put_source(stream, system_id, NULL, ledger, to, name, err);
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

typedef struct writing {
    const char *system_id; /* NULL: both rows are taken back */
    const char *copy;      /* that begins; NULL: none, it is followed from `place` on */
    incload__place place;
} writing;

static int32_t
write_rows(visit *v, const writing *what, incload_error **err)
{
    if (what->system_id == NULL) {
        int32_t status = put(&v->ledger, v->conn, v->source_name, NULL, NULL, err);
        return status == INCLOAD_OK ? put(&v->ledger, v->conn, v->stream->name, NULL, NULL, err) : status;
    }
    if (what->copy == NULL)
        return incload__stream_state_land(v->stream, what->system_id, &v->ledger, v->conn, what->place, err);
    return put_source(v->stream, what->system_id, what->copy, &v->ledger, v->conn, v->source_name, err);
}

static int32_t
write_alone(incload_stream *stream, const writing *what, incload_error **err)
{
    visit v;
    int32_t status = visit_begin(&v, stream, err);

    if (status == INCLOAD_OK && !v.exists && what->system_id == NULL) {
        visit_end(&v);
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
    visit_end(&v);
    return status;
}

int32_t
incload__stream_state_begin(incload_stream *stream, const char *system_id, const char *copy, incload_error **err)
{
    return write_alone(stream, &(writing){ .system_id = system_id, .copy = copy }, err);
}

int32_t
incload__stream_state_place(incload_stream *stream, const char *system_id, incload__place place, incload_error **err)
{
    return write_alone(stream, &(writing){ .system_id = system_id, .place = place }, err);
}

int32_t
incload__stream_state_forget(incload_stream *stream, incload_error **err)
{
    return write_alone(stream, &(writing){ .system_id = NULL }, err);
}
