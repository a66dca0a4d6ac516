/* SPDX-License-Identifier: Apache-2.0 */
#define _DEFAULT_SOURCE
#include "driver/pool.h"

#include <string.h>
#include <unistd.h>

#include "base/failpoint.h"
#include "driver/wait.h"

enum { ROLES = 2, MAX_CONNECTIONS = 10000, TRUSTED_IDLE_US = 500000 };

/* One take, from its beginning until the connection is given back. */
typedef struct lease {
    struct lease *next;
    const void *owner;
    incload__conn *conn; /* NULL while waiting or connecting */
    int64_t number;
    int32_t pins;  /* cancels under way: the connection must not go away under them */
    bool has_slot; /* counts towards the limit */
    bool ending;   /* no more cancels, please */
    atomic_bool cancelled; /* read without the lock while connecting */
} lease;

struct incload__pool {
    incload__pool_config config;
    const incload__mem *mem;
    char *url;
    char *application_name;
    int32_t pid;
    incload__monitor monitor; /* guards all below */
    lease *leases;            /* in the order of arrival */
    int64_t last_number;
    int32_t in_use;
    incload__conn **idle[ROLES]; /* oldest first */
    int32_t idle_count[ROLES];
};

/* The lock may be held for ever in a child, by a thread that exists in the parent only. */
static bool
in_child(const incload__pool *pool)
{
    return pool->pid != (int32_t)getpid();
}

static bool
limits_valid(const incload__pool_config *config)
{
    return config->max >= 1 && config->max <= MAX_CONNECTIONS && config->max_idle >= 0
           && config->max_idle <= MAX_CONNECTIONS;
}

static int32_t
copy_config(incload__pool *pool, const incload__pool_config *config)
{
    pool->config = *config;
    pool->url = incload__strdup(pool->mem, config->url);
    if (config->application_name != NULL)
        pool->application_name = incload__strdup(pool->mem, config->application_name);
    for (int32_t role = 0; role < ROLES; role++)
        pool->idle[role] = incload__alloc_array(pool->mem, (size_t)config->max_idle, sizeof(incload__conn *));
    bool whole = pool->url != NULL && (config->application_name == NULL || pool->application_name != NULL)
                 && pool->idle[0] != NULL && pool->idle[1] != NULL;
    pool->config.url = pool->url;
    pool->config.application_name = pool->application_name;
    return whole ? INCLOAD_OK : INCLOAD_E_NO_MEMORY;
}

static void
free_memory(incload__pool *pool)
{
    for (int32_t role = 0; role < ROLES; role++)
        incload__free(pool->mem, pool->idle[role]);
    incload__free(pool->mem, pool->application_name);
    incload__free_secret(pool->mem, pool->url);
    incload__free(pool->mem, pool);
}

incload__pool *
incload__pool_new(const incload__pool_config *config, incload_error **err)
{
    if (!limits_valid(config)) {
        incload__fail(err, INCLOAD_E_INVALID, "a pool takes 1 to %d connections in use and 0 to %d idle, not %d and %d",
                      MAX_CONNECTIONS, MAX_CONNECTIONS, (int)config->max, (int)config->max_idle);
        return NULL;
    }
    incload__pool *pool = incload__alloc(&config->env->mem, sizeof *pool);
    if (pool == NULL) {
        incload__fail_memory(err);
        return NULL;
    }
    pool->mem = &config->env->mem;
    pool->pid = (int32_t)getpid();
    if (copy_config(pool, config) != INCLOAD_OK || incload__monitor_init(&pool->monitor) != INCLOAD_OK) {
        free_memory(pool);
        incload__fail_memory(err);
        return NULL;
    }
    return pool;
}

static incload__conn *
idle_pop(incload__pool *pool, incload__role role)
{
    if (pool->idle_count[role] == 0)
        return NULL;
    return pool->idle[role][--pool->idle_count[role]];
}

void
incload__pool_free(incload__pool *pool)
{
    if (pool == NULL)
        return;
    for (int32_t role = 0; role < ROLES; role++) {
        for (int32_t i = 0; i < pool->idle_count[role]; i++)
            pool->config.driver->close(pool->idle[role][i]);
    }
    while (pool->leases != NULL) {
        lease *next = pool->leases->next;
        incload__free(pool->mem, pool->leases);
        pool->leases = next;
    }
    if (!in_child(pool))
        incload__monitor_free(&pool->monitor);
    free_memory(pool);
}

static lease *
lease_begin(incload__pool *pool, const void *owner)
{
    lease *new_lease = incload__alloc(pool->mem, sizeof *new_lease);
    lease **tail = &pool->leases;

    if (new_lease == NULL)
        return NULL;
    new_lease->owner = owner;
    atomic_init(&new_lease->cancelled, false);
    incload__monitor_lock(&pool->monitor);
    new_lease->number = ++pool->last_number;
    while (*tail != NULL)
        tail = &(*tail)->next;
    *tail = new_lease;
    incload__monitor_unlock(&pool->monitor);
    return new_lease;
}

static void
lease_end(incload__pool *pool, lease *ended)
{
    incload__monitor_lock(&pool->monitor);
    lease **link = &pool->leases;
    while (*link != ended)
        link = &(*link)->next;
    *link = ended->next;
    if (ended->has_slot)
        pool->in_use--;
    incload__monitor_notify(&pool->monitor);
    incload__monitor_unlock(&pool->monitor);
    incload__free(pool->mem, ended);
}

/* Takes the connection out of a cancel's reach; the lock is held. */
static incload__conn *
lease_detach(incload__pool *pool, lease *held)
{
    held->ending = true;
    while (held->pins > 0)
        incload__monitor_wait(&pool->monitor, pool->config.env, 0);
    held->ending = false;
    incload__conn *conn = held->conn;
    held->conn = NULL;
    return conn;
}

static void
close_leased(incload__pool *pool, lease *held)
{
    incload__monitor_lock(&pool->monitor);
    incload__conn *conn = lease_detach(pool, held);
    incload__monitor_unlock(&pool->monitor);
    if (conn != NULL)
        pool->config.driver->close(conn);
}

static bool
is_next(const incload__pool *pool, const lease *waiting)
{
    const lease *first = pool->leases;

    while (first->has_slot)
        first = first->next;
    return first == waiting;
}

/* The lock is held. */
static int32_t
wait_for_slot(incload__pool *pool, lease *waiting, int64_t deadline_us, incload_error **err)
{
    const incload__env *env = pool->config.env;

    while (!atomic_load(&waiting->cancelled) && (pool->in_use >= pool->config.max || !is_next(pool, waiting))) {
        if (deadline_us != 0 && incload__monotonic_us(env) >= deadline_us) {
            incload__fail(err, INCLOAD_E_TIMEOUT,
                          "no connection became free in time: all %d are in use; raise that limit or do less at once",
                          (int)pool->config.max);
            incload__error_set_retryable(err, true);
            return INCLOAD_E_TIMEOUT;
        }
        incload__monitor_wait(&pool->monitor, env, deadline_us);
    }
    if (atomic_load(&waiting->cancelled))
        return INCLOAD_E_CANCELLED;
    waiting->has_slot = true;
    pool->in_use++;
    /* Whoever is next in the queue may have been waiting for its turn only. */
    incload__monitor_notify(&pool->monitor);
    return INCLOAD_OK;
}

/* When a connect or a ping must have ended. */
static int64_t
attempt_deadline(const incload__pool *pool, int64_t deadline_us)
{
    int64_t own = incload__deadline_in(pool->config.env, pool->config.connect_timeout_ms);

    if (own == 0 || (deadline_us != 0 && deadline_us < own))
        return deadline_us;
    return own;
}

static bool
still_answers(const incload__pool *pool, incload__conn *conn, int64_t deadline_us)
{
    if (incload__monotonic_us(pool->config.env) - conn->used_us <= TRUSTED_IDLE_US)
        return true;
    conn->deadline_us = attempt_deadline(pool, deadline_us);
    int32_t status = pool->config.driver->ping(conn, NULL);
    conn->deadline_us = 0;
    return status == INCLOAD_OK;
}

static int32_t
connect_new(incload__pool *pool, lease *held, incload__role role, int64_t deadline_us, incload_error **err)
{
    incload__connect how = {
        .env = pool->config.env,
        .url = pool->url,
        .role = role,
        .deadline_us = attempt_deadline(pool, deadline_us),
        .application_name = pool->application_name,
        .host_data = pool->config.host_data,
        .context = pool->config.context,
        .cancelled = &held->cancelled,
    };
    incload__conn *conn = NULL;

    int32_t status = INCLOAD_OK;
    INCLOAD__FAILPOINT(status, "pool.connect.before", INCLOAD_E_CONNECT, err);
    if (status == INCLOAD_OK)
        status = pool->config.driver->connect(&how, &conn, err);
    if (status != INCLOAD_OK)
        return status;
    incload__monitor_lock(&pool->monitor);
    held->conn = conn;
    incload__monitor_unlock(&pool->monitor);
    return INCLOAD_OK;
}

static bool
was_cancelled(const lease *held)
{
    return atomic_load(&held->cancelled);
}

static int32_t
make_ready(incload__pool *pool, lease *held, incload__role role, int64_t deadline_us, incload_error **err)
{
    if (held->conn != NULL && !still_answers(pool, held->conn, deadline_us))
        close_leased(pool, held);
    if (was_cancelled(held))
        return INCLOAD_E_CANCELLED;
    /* One dead idle connection says little for the others: a new one is sure. */
    if (held->conn == NULL)
        return connect_new(pool, held, role, deadline_us, err);
    return INCLOAD_OK;
}

int32_t
incload__pool_take(incload__pool *pool, incload__role role, int64_t deadline_us, const void *owner, incload__conn **out,
                   incload_error **err)
{
    return incload__pool_take_unless(pool, NULL, role, deadline_us, owner, out, err);
}

int32_t
incload__pool_take_unless(incload__pool *pool, const atomic_bool *cancelled, incload__role role, int64_t deadline_us,
                          const void *owner, incload__conn **out, incload_error **err)
{
    *out = NULL;
    if (in_child(pool))
        return incload__fail(err, INCLOAD_E_FORKED,
                             "the database belongs to the parent process: open it again after fork()");
    lease *held = lease_begin(pool, owner);
    if (held == NULL)
        return incload__fail_memory(err);
    if (cancelled != NULL && atomic_load(cancelled))
        atomic_store(&held->cancelled, true);

    incload__monitor_lock(&pool->monitor);
    int32_t status = wait_for_slot(pool, held, deadline_us, err);
    if (status == INCLOAD_OK)
        held->conn = idle_pop(pool, role);
    incload__monitor_unlock(&pool->monitor);

    if (status == INCLOAD_OK)
        status = make_ready(pool, held, role, deadline_us, err);
    if (status == INCLOAD_OK && was_cancelled(held))
        status = INCLOAD_E_CANCELLED;
    INCLOAD__FAILPOINT(status, "pool.taken", INCLOAD_E_CONNECT, err);
    if (status == INCLOAD_OK) {
        *out = held->conn;
        return INCLOAD_OK;
    }
    if (status == INCLOAD_E_CANCELLED)
        incload__fail(err, INCLOAD_E_CANCELLED, "cancelled by the host while waiting for a connection");
    close_leased(pool, held);
    lease_end(pool, held);
    return status;
}

/* The lock is held. A cancel may still be on its way to the server and would hit the next statement, so a
 * connection that was cancelled is not used again. */
static bool
idle_push(incload__pool *pool, incload__conn *conn, int64_t now_us)
{
    int32_t *count = &pool->idle_count[conn->role];

    if (conn->txn != INCLOAD__TXN_IDLE || atomic_load(&conn->cancelled) || *count >= pool->config.max_idle)
        return false;
    conn->deadline_us = 0;
    conn->used_us = now_us;
    pool->idle[conn->role][*count] = conn;
    ++*count;
    return true;
}

static lease *
lease_of(const incload__pool *pool, const incload__conn *conn)
{
    lease *held = pool->leases;

    while (held != NULL && held->conn != conn)
        held = held->next;
    return held;
}

void
incload__pool_give_back(incload__pool *pool, incload__conn *conn)
{
    if (conn == NULL)
        return;
    if (in_child(pool)) {
        pool->config.driver->close(conn);
        return;
    }
    int64_t now = incload__monotonic_us(pool->config.env);
    incload__monitor_lock(&pool->monitor);
    lease *held = lease_of(pool, conn);
    if (held != NULL)
        lease_detach(pool, held);
    bool kept = held != NULL && idle_push(pool, conn, now);
    incload__monitor_unlock(&pool->monitor);

    INCLOAD__PASS("pool.given_back");
    /* Closed before its place is free: the server never sees more than the limit. */
    if (!kept)
        pool->config.driver->close(conn);
    if (held != NULL)
        lease_end(pool, held);
}

void
incload__pool_cancel(incload__pool *pool, const void *owner)
{
    if (in_child(pool))
        return;
    incload__monitor_lock(&pool->monitor);
    int64_t last = pool->last_number;
    for (lease *held = pool->leases; held != NULL && held->number <= last; held = held->next) {
        if (owner != NULL && held->owner != owner)
            continue;
        atomic_store(&held->cancelled, true);
        if (held->conn == NULL || held->ending)
            continue;
        /* A pinned lease stays in the list, so the walk goes on from it. */
        incload__conn *conn = held->conn;
        held->pins++;
        incload__monitor_unlock(&pool->monitor);
        pool->config.driver->cancel(conn);
        incload__monitor_lock(&pool->monitor);
        held->pins--;
        incload__monitor_notify(&pool->monitor);
    }
    incload__monitor_notify(&pool->monitor);
    incload__monitor_unlock(&pool->monitor);
}

static incload__conn *
pop_idle_since(incload__pool *pool, int64_t since_us)
{
    for (int32_t role = 0; role < ROLES; role++) {
        incload__conn **idle = pool->idle[role];
        if (pool->idle_count[role] == 0 || idle[0]->used_us > since_us)
            continue;
        incload__conn *conn = idle[0];
        pool->idle_count[role]--;
        memmove(idle, idle + 1, (size_t)pool->idle_count[role] * sizeof *idle);
        return conn;
    }
    return NULL;
}

void
incload__pool_close_idle(incload__pool *pool, int64_t idle_ms)
{
    int64_t idle_us = (idle_ms < INT64_MAX / 4000 ? idle_ms : INT64_MAX / 4000) * 1000;
    int64_t since = incload__monotonic_us(pool->config.env) - idle_us;
    incload__conn *conn;

    if (in_child(pool))
        return;
    do {
        incload__monitor_lock(&pool->monitor);
        conn = pop_idle_since(pool, since);
        incload__monitor_unlock(&pool->monitor);
        if (conn != NULL)
            pool->config.driver->close(conn);
    } while (conn != NULL);
}

void
incload__pool_counts(incload__pool *pool, int32_t *in_use, int32_t *idle)
{
    *in_use = 0;
    *idle = 0;
    if (in_child(pool))
        return;
    incload__monitor_lock(&pool->monitor);
    *in_use = pool->in_use;
    *idle = pool->idle_count[0] + pool->idle_count[1];
    incload__monitor_unlock(&pool->monitor);
}

int32_t
incload__pool_waiting(incload__pool *pool)
{
    int32_t count = 0;

    if (in_child(pool))
        return 0;
    incload__monitor_lock(&pool->monitor);
    for (const lease *each = pool->leases; each != NULL; each = each->next)
        count += !each->has_slot;
    incload__monitor_unlock(&pool->monitor);
    return count;
}
