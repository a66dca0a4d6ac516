/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/database.h"

#include <stdatomic.h>
#include <string.h>

#include "base/utf8.h"
#include "driver/arrow/stream.h"
#include "driver/call.h"
#include "driver/mock/mock.h"
#include "driver/place.h"
#include "driver/pool.h"

typedef struct database_values {
    int64_t connect_timeout;
    int64_t statement_timeout;
    int64_t max_connections;
    char *application_name;
    char *ledger;
} database_values;

#define AT(field) offsetof(database_values, field)

static const incload__option database_option_list[] = {
    { "connect_timeout", INCLOAD_OPTION_DURATION, AT(connect_timeout), "10s", 1, 86400000, "ms", "", "0.1",
      "How long connecting may take, until the session is ready." },
    { "statement_timeout", INCLOAD_OPTION_DURATION, AT(statement_timeout), "0", 0, 2592000000, "ms", "", "0.1",
      "How long a statement of incload_database_execute() or _query() may take; 0 sets no limit. A run has its own "
      "timeout." },
    { "max_connections", INCLOAD_OPTION_INTEGER, AT(max_connections), "16", 1, 10000, "connections", "", "0.1",
      "The most connections in use at one time; who needs another waits. A load inside one database takes two." },
    { "application_name", INCLOAD_OPTION_TEXT, AT(application_name), "libincload", 0, 0, "", "", "0.1",
      "What the server shows as the program's name, where it shows one." },
    { "ledger", INCLOAD_OPTION_TEXT, AT(ledger), "incload", 0, 0, "", "", "0.1",
      "Schema of the library's own tables (PostgreSQL), or the prefix of their names where there are no schemas." },
};

const incload__option_table incload__database_options = INCLOAD__OPTION_TABLE("database", database_option_list);

struct incload_database {
    atomic_int refs;
    incload_context *context;
    const incload__env *env;
    const incload__driver *driver;
    char *url;
    incload_mock *mock;
    incload__arrow_stream *stream; /* which it is made of; NULL: it has a server, or a mock of one */
    database_values values;
    _Atomic(incload__pool *) pool; /* made at first use, from when on the options stay */
    _Atomic(const incload__dialect *) dialect;
    _Atomic int64_t clock_lead; /* the server's clock less ours when it was seen last; INT64_MIN: never */
};

static incload_database *
database_make(incload_context *context, const incload__driver *driver, const char *url, incload_mock *mock,
              const char *options, incload_error **err)
{
    const incload__env *env = incload__context_env(context);
    incload_database *database = incload__alloc(&env->mem, sizeof *database);

    if (database == NULL) {
        incload__fail_memory(err);
        return NULL;
    }
    incload__context_freeze(context);
    atomic_init(&database->refs, 1);
    atomic_init(&database->clock_lead, INT64_MIN);
    database->context = incload_context_ref(context);
    database->env = env;
    database->driver = driver;
    database->mock = incload_mock_ref(mock);
    database->url = incload__strdup(&env->mem, url);
    if (database->url == NULL)
        incload__fail_memory(err);
    if (database->url == NULL
        || incload__options_init(&incload__database_options, &env->mem, &database->values, err) != INCLOAD_OK
        || incload__options_parse(&incload__database_options, &env->mem, &database->values, options, err)
               != INCLOAD_OK) {
        incload_database_unref(database);
        return NULL;
    }
    return database;
}

static incload_database *
database_new(incload_context *context, const char *url, incload_mock *mock, const char *options, incload_error **err)
{
    const incload__driver *driver = NULL;

    if (context == NULL || url == NULL) {
        incload__fail(err, INCLOAD_E_INVALID, "context and url must not be NULL");
        return NULL;
    }
    if (!incload__utf8_valid(url, strlen(url))) {
        incload__fail(err, INCLOAD_E_INVALID, "the database's url is not valid UTF-8");
        return NULL;
    }
    if (incload__driver_find(url, &driver, err) != INCLOAD_OK)
        return NULL;
    return database_make(context, driver, url, mock, options, err);
}

incload_database *
incload_database_new_in(incload_context *context, const char *url, const char *options, incload_error **err)
{
    INCLOAD_ENTER_NULL(err);
    return database_new(context, url, NULL, options, err);
}

incload_database *
incload_database_new(const char *url, const char *options, incload_error **err)
{
    INCLOAD_ENTER_NULL(err);
    incload_context *context = incload__context_private(err);
    if (context == NULL)
        return NULL;
    incload_database *database = database_new(context, url, NULL, options, err);
    incload_context_unref(context);
    return database;
}

/* The stream is taken over in any case, also when an earlier error keeps the call from doing anything. */
incload_database *
incload_database_new_arrow(incload_context *context, struct ArrowArrayStream *stream, const char *options,
                           incload_error **err)
{
    incload_context *own = NULL;
    incload_database *database = NULL;

    if (incload__entered_with(err) == INCLOAD_OK && stream == NULL)
        incload__fail(err, INCLOAD_E_INVALID, "the stream must not be NULL");
    else if (incload__entered_with(err) == INCLOAD_OK)
        own = context != NULL ? incload_context_ref(context) : incload__context_private(err);
    if (own != NULL)
        database = database_make(own, &incload__driver_arrow, "arrow:", NULL, options, err);
    if (database != NULL)
        database->stream = incload__arrow_stream_new(&database->env->mem, stream, err);
    else if (stream != NULL)
        incload__arrow_stream_refuse(stream);
    incload_context_unref(own);
    if (database == NULL || database->stream != NULL)
        return database;
    incload_database_unref(database);
    return NULL;
}

incload_database *
incload_mock_database(incload_mock *mock, incload_context *context, const char *url, const char *options,
                      incload_error **err)
{
    INCLOAD_ENTER_NULL(err);
    if (mock == NULL) {
        incload__fail(err, INCLOAD_E_INVALID, "the mock must not be NULL");
        return NULL;
    }
    incload_context *own = context != NULL ? incload_context_ref(context) : incload__context_private(err);
    if (own == NULL)
        return NULL;
    incload_database *database = database_new(own, url != NULL ? url : "mock:", mock, options, err);
    incload_context_unref(own);
    return database;
}

incload_database *
incload_database_ref(incload_database *database)
{
    if (database != NULL)
        atomic_fetch_add_explicit(&database->refs, 1, memory_order_relaxed);
    return database;
}

void
incload_database_unref(incload_database *database)
{
    if (database == NULL || atomic_fetch_sub_explicit(&database->refs, 1, memory_order_acq_rel) != 1)
        return;
    incload_context *context = database->context;
    const incload__mem *mem = &database->env->mem;
    incload__pool_free(atomic_load(&database->pool));
    incload_mock_unref(database->mock);
    incload__arrow_stream_free(database->stream);
    incload__free_secret(mem, database->url);
    incload__options_free(&incload__database_options, mem, &database->values);
    incload__free(mem, database);
    incload_context_unref(context);
}

int32_t
incload_database_set(incload_database *database, const char *name, const char *value, incload_error **err)
{
    INCLOAD_ENTER(err);
    if (database == NULL)
        return incload__fail(err, INCLOAD_E_INVALID, "the database must not be NULL");
    if (atomic_load(&database->pool) != NULL)
        return incload__fail(err, INCLOAD_E_STATE, "the database was used already: set its options before that");
    return incload__options_set(&incload__database_options, &database->env->mem, &database->values, name, value, err);
}

/* The pool, made by whoever needs it first; a loser of that race throws its own away. */
static incload__pool *
pool_of(incload_database *database, incload_error **err)
{
    incload__pool *pool = atomic_load(&database->pool);

    if (pool != NULL)
        return pool;
    incload__pool_config config = {
        .env = database->env,
        .context = database->context,
        .driver = database->driver,
        .url = database->url,
        .application_name = database->values.application_name,
        .host_data = database->stream != NULL ? (void *)database->stream : (void *)database->mock,
        .connect_timeout_ms = database->values.connect_timeout,
        .max = (int32_t)database->values.max_connections,
        .max_idle = 4,
    };
    incload__pool *made = incload__pool_new(&config, err);
    if (made == NULL)
        return NULL;
    if (!atomic_compare_exchange_strong(&database->pool, &pool, made)) {
        incload__pool_free(made);
        return pool;
    }
    return made;
}

incload_context *
incload__database_context(const incload_database *database)
{
    return database->context;
}

const incload__env *
incload__database_env(const incload_database *database)
{
    return database->env;
}

void
incload__database_place(const incload_database *database, incload__str *space, incload__str *base)
{
    incload__url_place(database->url, space, base);
}

const char *
incload__database_ledger(const incload_database *database)
{
    return database->values.ledger != NULL ? database->values.ledger : "incload";
}

const char *
incload__database_application(const incload_database *database)
{
    return database->values.application_name != NULL ? database->values.application_name : "";
}

const char *
incload__database_driver(const incload_database *database)
{
    return database->driver->name;
}

int64_t
incload__database_statement_deadline(const incload_database *database)
{
    return incload__deadline_in(database->env, database->values.statement_timeout);
}

int64_t
incload__database_max_connections(const incload_database *database)
{
    return database->values.max_connections;
}

int32_t
incload__database_waiting(const incload_database *database)
{
    incload__pool *pool = atomic_load(&database->pool);

    return pool != NULL ? incload__pool_waiting(pool) : 0;
}

static int32_t
take_unless(incload_database *database, const atomic_bool *cancelled, incload__role role, int64_t deadline_us,
            const void *owner, incload__conn **out, incload_error **err)
{
    incload__pool *pool = pool_of(database, err);

    *out = NULL;
    if (pool == NULL)
        return incload__entered_with(err) != INCLOAD_OK ? incload__entered_with(err) : INCLOAD_E_NO_MEMORY;
    int32_t status = incload__pool_take_unless(pool, cancelled, role, deadline_us, owner, out, err);
    if (status != INCLOAD_OK)
        return status;
    (*out)->deadline_us = deadline_us;
    atomic_store(&database->dialect, (*out)->dialect);
    return INCLOAD_OK;
}

int32_t
incload__database_take(incload_database *database, incload__role role, int64_t deadline_us, const void *owner,
                       incload__conn **out, incload_error **err)
{
    return take_unless(database, NULL, role, deadline_us, owner, out, err);
}

int32_t
incload__database_take_for(incload_database *database, incload_call *call, incload__role role, int64_t deadline_us,
                           incload__conn **out, incload_error **err)
{
    if (call == NULL)
        return take_unless(database, NULL, role, deadline_us, database, out, err);
    return take_unless(database, &call->cancelled, role, deadline_us, call, out, err);
}

int32_t
incload__database_check_log(const incload_database *database, incload_error **err)
{
    if (database->driver->replication != NULL)
        return INCLOAD_OK;
    return incload__fail(err, INCLOAD_E_UNSUPPORTED,
                         "changes are streamed from PostgreSQL over libpq alone: give the source as postgresql://..., "
                         "or push its changes by incload_changes_push()");
}

int32_t
incload__database_open_log(incload_database *database, int64_t deadline_us, const atomic_bool *cancelled,
                           incload__conn **out, incload_error **err)
{
    int64_t own = incload__deadline_in(database->env, database->values.connect_timeout);

    *out = NULL;
    int32_t status = incload__database_check_log(database, err);
    if (status != INCLOAD_OK)
        return status;
    incload__connect how = {
        .env = database->env,
        .url = database->url,
        .role = INCLOAD__ROLE_READ,
        .deadline_us = deadline_us != 0 && deadline_us < own ? deadline_us : own,
        .application_name = database->values.application_name,
        .context = database->context,
        .cancelled = cancelled,
        .replication = true,
    };
    status = database->driver->connect(&how, out, err);
    if (status == INCLOAD_OK)
        (*out)->deadline_us = deadline_us;
    return status;
}

void
incload__database_give_back(incload_database *database, incload__conn *conn)
{
    incload__pool *pool = atomic_load(&database->pool);

    if (pool != NULL)
        incload__pool_give_back(pool, conn);
}

void
incload__database_cancel(incload_database *database, const void *owner)
{
    incload__pool *pool = atomic_load(&database->pool);

    if (pool != NULL)
        incload__pool_cancel(pool, owner);
}

int64_t
incload__database_clock_back(incload_database *database, int64_t server_us)
{
    int64_t lead = server_us - incload__monotonic_us(database->env);
    int64_t before = atomic_exchange(&database->clock_lead, lead);

    return before == INT64_MIN ? 0 : before - lead;
}

int32_t
incload__database_check(incload_database *database, incload_call *call, incload_error **err)
{
    incload__conn *conn;
    int64_t deadline = incload__deadline_in(database->env, database->values.connect_timeout);
    incload__role role = database->stream != NULL ? INCLOAD__ROLE_READ : INCLOAD__ROLE_WRITE;

    int32_t status = incload__database_take_for(database, call, role, deadline, &conn, err);
    if (status != INCLOAD_OK)
        return status;
    status = conn->driver->ping(conn, err);
    incload__database_give_back(database, conn);
    return status;
}

int32_t
incload_database_check(incload_database *database, incload_error **err)
{
    INCLOAD_ENTER(err);
    if (database == NULL)
        return incload__fail(err, INCLOAD_E_INVALID, "the database must not be NULL");
    return incload__database_check(database, NULL, err);
}

const char *
incload_database_dialect(incload_database *database, incload_error **err)
{
    INCLOAD_ENTER_NULL(err);
    if (database == NULL) {
        incload__fail(err, INCLOAD_E_INVALID, "the database must not be NULL");
        return NULL;
    }
    if (atomic_load(&database->dialect) == NULL && incload_database_check(database, err) != INCLOAD_OK)
        return NULL;
    return atomic_load(&database->dialect)->name;
}

int32_t
incload__database_execute(incload_database *database, incload_call *call, const char *sql, int64_t *rows,
                          incload_error **err)
{
    incload__conn *conn;
    int64_t affected = -1;
    int64_t deadline = incload__database_statement_deadline(database);

    int32_t status = incload__database_take_for(database, call, INCLOAD__ROLE_WRITE, deadline, &conn, err);
    if (status != INCLOAD_OK)
        return status;
    status = conn->driver->execute(conn, sql, NULL, 0, &affected, err);
    incload__database_give_back(database, conn);
    if (status == INCLOAD_OK && rows != NULL)
        *rows = affected;
    return status;
}

int32_t
incload_database_execute(incload_database *database, const char *sql, int64_t *rows, incload_error **err)
{
    INCLOAD_ENTER(err);
    if (database == NULL || sql == NULL)
        return incload__fail(err, INCLOAD_E_INVALID, "database and sql must not be NULL");
    return incload__database_execute(database, NULL, sql, rows, err);
}
