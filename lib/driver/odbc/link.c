/* SPDX-License-Identifier: Apache-2.0 */
#define _DEFAULT_SOURCE
#include "driver/odbc/link.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { LOOK_US = 20000 };

/* ---- requests ---- */

incload__call *
incload__call_new(const incload__mem *mem,
                  int32_t (*run)(incload__odbc_conn *conn, incload__call *call, incload_error **err), const char *doing)
{
    incload__call *call = incload__alloc(mem, sizeof *call);

    if (call == NULL)
        return NULL;
    call->run = run;
    call->mem = mem;
    call->manner = INCLOAD__MANNER_STATEMENT;
    call->heeds_deadline = true;
    call->heeds_cancel = true;
    call->doing = doing;
    call->remedy = "look whether the server is frozen or out of reach";
    call->rows.mem = mem;
    call->list.mem = mem;
    incload__schema_init(&call->schema, mem);
    return call;
}

static size_t
text_bytes(const incload__param *params, int32_t count)
{
    size_t bytes = 0;

    for (int32_t i = 0; i < count; i++)
        bytes += params[i].text != NULL ? params[i].length + 1 : 0;
    return bytes;
}

int32_t
incload__call_set(incload__call *call, const char *sql, const incload__param *params, int32_t count)
{
    size_t list = (size_t)count * sizeof *params;

    call->sql = incload__strdup(call->mem, sql);
    if (call->sql == NULL || count == 0)
        return call->sql != NULL ? INCLOAD_OK : INCLOAD_E_NO_MEMORY;
    call->params = incload__alloc(call->mem, list + text_bytes(params, count));
    if (call->params == NULL)
        return INCLOAD_E_NO_MEMORY;
    char *to = (char *)call->params + list;
    for (int32_t i = 0; i < count; i++) {
        call->params[i] = params[i];
        if (params[i].text == NULL)
            continue;
        memcpy(to, params[i].text, params[i].length); /* the block is zeroed: a NUL is behind it */
        call->params[i].text = to;
        to += params[i].length + 1;
    }
    call->count = count;
    return INCLOAD_OK;
}

void
incload__call_free(incload__call *call)
{
    if (call == NULL)
        return;
    const incload__mem *mem = call->mem;
    incload__free(mem, call->sql);
    incload__free(mem, call->params);
    incload__free(mem, call->application_name);
    incload__connstr_free(&call->list);
    incload__schema_free(&call->schema);
    incload__rows_free(&call->rows);
    incload_error_unref(call->error);
    incload__free(mem, call);
}

/* ---- leaving one behind ---- */

static int32_t
fail_left(const incload__link *link, bool is_commit, const char *doing, const char *remedy, incload_error **err)
{
    bool cancelled = atomic_load(&link->base.cancelled);
    const char *why = cancelled ? "it was cancelled" : "the deadline has passed";
    bool first = err != NULL && *err == NULL;
    int32_t code = cancelled ? INCLOAD_E_CANCELLED : INCLOAD_E_TIMEOUT;
    incload__str number = INCLOAD__STR(&incload__mem_libc);

    if (is_commit)
        code =
            incload__fail(err, INCLOAD_E_COMMIT_UNKNOWN,
                          "COMMIT was sent, %s, and the ODBC driver does not return: only the ledger knows whether it "
                          "was done",
                          why);
    else
        incload__fail(err, code,
                      "%s: %s, and the ODBC driver does not return: the call was left behind with its connection; %s",
                      doing, why, remedy);
    if (!first)
        return code;
    incload__error_set_server(err, cancelled ? "HY008" : "HYT00", 0, code == INCLOAD_E_TIMEOUT);
    incload__str_addf(&number, "%lld", (long long)incload_context_abandoned_calls(link->far->context));
    if (link->far->context != NULL && !number.failed)
        incload__error_add_detail(err, "abandoned_calls", incload__str_text(&number));
    incload__str_free(&number);
    return code;
}

/* With the monitor locked, so that the worker cannot be back before it was counted. */
static void
leave(incload__link *link, const char *doing)
{
    incload__odbc_conn *far = link->far;
    incload__str text = INCLOAD__STR(&incload__mem_libc);

    /* What the call has still to do when it comes back it is not to do. */
    if (atomic_load(&link->base.cancelled))
        incload__conn_set_cancelled(&far->base);
    far->left = true;
    link->left = true;
    link->base.txn = INCLOAD__TXN_DEAD;
    pthread_detach(far->worker);
    incload__str_addf(&text, "%s: a call of an ODBC driver did not return in time and was left behind", doing);
    if (far->context != NULL)
        incload__context_left_behind(far->context, text.failed ? doing : incload__str_text(&text));
    incload__str_free(&text);
}

/* ---- running one ---- */

/* The earlier of two times, of which 0 is never. */
static int64_t
sooner(int64_t a, int64_t b)
{
    if (a == 0 || b == 0)
        return a == 0 ? b : a;
    return a < b ? a : b;
}

/* With the monitor locked: until the call is done or its limit has come. */
static void
wait_for(incload__link *link, const incload__call *call, int64_t began_us)
{
    incload__odbc_conn *far = link->far;
    const incload__env *env = link->base.env;
    int64_t deadline = call->heeds_deadline ? link->base.deadline_us : 0;
    bool interrupted = false;

    while (far->call == call) {
        if (call->cancelled != NULL && atomic_load(call->cancelled))
            incload__conn_set_cancelled(&link->base);
        int64_t now = incload__monotonic_us(env);
        int64_t limit = incload__conn_limit(&link->base, call->manner, began_us);
        if (limit != 0 && now >= limit)
            return;
        bool late = deadline != 0 && now >= deadline;
        if (late)
            atomic_store(&far->watch.fired, true);
        if (!interrupted && (late || (call->heeds_cancel && atomic_load(&link->base.cancelled)))) {
            interrupted = true;
            incload__interrupt(far);
        }
        int64_t until = sooner(limit, late ? 0 : deadline);
        if (call->cancelled != NULL)
            until = sooner(until, now + LOOK_US);
        incload__monitor_wait(&far->monitor, env, until);
    }
}

/* The caller's end learns what the worker's knows. */
static void
catch_up(incload__link *link)
{
    const incload__conn *far = &link->far->base;

    link->base.txn = far->txn;
    link->base.dialect = far->dialect;
    link->base.server_version = far->server_version;
    link->base.streams = far->streams;
}

/* Waits for the last request. False when it was left behind, now or before. */
static bool
await(incload__link *link)
{
    incload__odbc_conn *far = link->far;
    incload__call *call = link->under_way;

    if (call == NULL)
        return !link->left;
    incload__monitor_lock(&far->monitor);
    wait_for(link, call, link->began_us);
    bool left = far->call == call;
    if (left)
        leave(link, link->doing);
    incload__monitor_unlock(&far->monitor);
    link->under_way = NULL;
    if (left)
        link->lost = call;
    else
        catch_up(link);
    return !left;
}

static void
hand_over(incload__link *link, incload__call *call)
{
    incload__odbc_conn *far = link->far;

    link->under_way = call;
    link->doing = call->doing;
    link->remedy = call->remedy;
    link->is_commit = call->is_commit;
    link->began_us = incload__monotonic_us(link->base.env);
    incload__monitor_lock(&far->monitor);
    far->base.txn = link->base.txn;
    far->base.deadline_us = link->base.deadline_us;
    atomic_store(&far->watch.fired, false);
    far->number++;
    far->call = call;
    incload__monitor_notify(&far->monitor);
    incload__monitor_unlock(&far->monitor);
}

int32_t
incload__link_start(incload__link *link, incload__call *call, incload_error **err)
{
    int saved = errno;
    bool at_rest = await(link);

    if (at_rest)
        hand_over(link, call);
    errno = saved;
    return at_rest ? INCLOAD_OK : fail_left(link, link->is_commit, link->doing, link->remedy, err);
}

int32_t
incload__link_finish(incload__link *link, incload__call **asked, incload_error **err)
{
    incload__call *call = *asked;
    int saved = errno;

    if (link->under_way == call)
        await(link);
    errno = saved;
    if (link->lost == call) {
        *asked = NULL;
        return fail_left(link, link->is_commit, link->doing, link->remedy, err);
    }
    int32_t status = call->status;
    incload__error_pass(err, call->error);
    call->error = NULL;
    return status;
}

int32_t
incload__link_run(incload__link *link, incload__call **asked, incload_error **err)
{
    int32_t status = incload__link_start(link, *asked, err);

    return status == INCLOAD_OK ? incload__link_finish(link, asked, err) : status;
}

int32_t
incload__link_run_plain(incload__link *link,
                        int32_t (*run)(incload__odbc_conn *conn, incload__call *call, incload_error **err),
                        incload__manner manner, const char *doing, incload_error **err)
{
    incload__call *call = incload__call_new(&link->base.env->mem, run, doing);

    if (call == NULL)
        return incload__fail_memory(err);
    call->manner = manner;
    call->heeds_deadline = manner == INCLOAD__MANNER_STATEMENT;
    call->heeds_cancel = manner == INCLOAD__MANNER_STATEMENT;
    int32_t status = incload__link_run(link, &call, err);
    incload__call_free(call);
    return status;
}

/* ---- the connection itself ---- */

/* In a forked child there is no worker, and nothing may touch the parent's socket nor a lock it may have held. */
bool
incload__link_in_child(const incload__link *link)
{
    int saved = errno;
    bool child = link->base.pid != (int32_t)getpid();

    errno = saved;
    return child;
}

void
incload__link_cancel(incload__conn *conn)
{
    incload__link *link = incload__link_of(conn);

    incload__conn_set_cancelled(conn);
    if (incload__link_in_child(link))
        return;
    incload__monitor_lock(&link->far->monitor);
    incload__conn_set_cancelled(&link->far->base);
    incload__monitor_notify(&link->far->monitor);
    incload__monitor_unlock(&link->far->monitor);
}

/* With the monitor locked. */
static void
wait_for_end(incload__link *link)
{
    incload__odbc_conn *far = link->far;
    int64_t limit = incload__conn_limit(&link->base, INCLOAD__MANNER_CLOSE, incload__monotonic_us(link->base.env));

    while ((!far->ended || far->interrupters > 0) && incload__monotonic_us(link->base.env) < limit)
        incload__monitor_wait(&far->monitor, link->base.env, limit);
}

static void
end_worker(incload__link *link)
{
    incload__odbc_conn *far = link->far;

    incload__monitor_lock(&far->monitor);
    far->base.txn = link->base.txn;
    far->stopping = true;
    incload__monitor_notify(&far->monitor);
    wait_for_end(link);
    bool ended = far->ended;
    if (!ended)
        leave(link, "closing a connection");
    incload__monitor_unlock(&far->monitor);
    if (ended)
        pthread_join(far->worker, NULL);
}

void
incload__link_close(incload__conn *conn)
{
    if (conn == NULL)
        return;
    incload__link *link = incload__link_of(conn);
    const incload__mem *mem = &conn->env->mem;
    incload__odbc_conn *far = link->far;
    int saved = errno;

    if (incload__link_in_child(link)) {
        incload_context *context = far->context;
        incload__free(mem, far);
        incload__free(mem, link);
        incload_context_unref(context);
        return;
    }
    if (!link->left)
        end_worker(link);
    incload__free(mem, link);
    incload__odbc_conn_unref(far);
    errno = saved;
}
