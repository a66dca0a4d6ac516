/* SPDX-License-Identifier: Apache-2.0 */
/* The addresses of hosts. libpq looks names up inside PQconnectStart(), where neither deadline nor cancel reaches it.
 * So a thread does it, which may be left behind, and libpq is given addresses beside the names, which it still needs
 * for certificates and passwords. */
#define _GNU_SOURCE
#include "driver/libpq/look_up.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>

#include "driver/wait.h"
#include "sched/thread.h"

enum { STACK_SIZE = 512 * 1024, LOOK_US = 20000, NAME_SIZE = 256, ADDRESS_SIZE = 64 };

/* Shared with the thread. The memory is libc's: it may outlive the context. */
typedef struct look_up {
    incload__monitor monitor; /* guards the rest */
    int32_t refs;
    bool done;
    bool left;
    incload_context *context;
    char *hosts, *ports;
    incload__pq_addresses found;
    char failed[NAME_SIZE]; /* the last name without an address */
    int reason;             /* of getaddrinfo() */
} look_up;

/* ---- lists with commas ---- */

typedef struct word {
    const char *at;
    size_t length;
} word;

static int32_t
count_words(const char *list)
{
    int32_t count = 1;

    for (; *list != '\0'; list++)
        count += *list == ',';
    return count;
}

static word
word_at(const char *list, int32_t index)
{
    for (; index > 0; index--)
        list = strchr(list, ',') + 1;
    return (word){ list, strcspn(list, ",") };
}

/* One that libpq looks up: no directory of a socket, no abstract socket, no address. */
static bool
is_name(word host, char name[NAME_SIZE])
{
    unsigned char address[sizeof(struct in6_addr)];

    if (host.length == 0 || host.length >= NAME_SIZE || host.at[0] == '/' || host.at[0] == '@')
        return false;
    memcpy(name, host.at, host.length);
    name[host.length] = '\0';
    return inet_pton(AF_INET, name, address) != 1 && inet_pton(AF_INET6, name, address) != 1;
}

static bool
has_names(const char *hosts)
{
    char name[NAME_SIZE];

    for (int32_t i = 0; i < count_words(hosts); i++) {
        if (is_name(word_at(hosts, i), name))
            return true;
    }
    return false;
}

/* ---- the thread ---- */

static void
add(look_up *look, word host, const char *address, int32_t index)
{
    incload__pq_addresses *found = &look->found;
    int32_t ports = count_words(look->ports);
    word port = word_at(look->ports, ports > 1 ? index : 0);

    if (found->count++ > 0) {
        incload__str_add_char(&found->hosts, ',');
        incload__str_add_char(&found->addresses, ',');
        incload__str_add_char(&found->ports, ',');
    }
    incload__str_add_bytes(&found->hosts, host.at, host.length);
    incload__str_add(&found->addresses, address);
    incload__str_add_bytes(&found->ports, port.at, port.length);
}

static void
find_host(look_up *look, int32_t index)
{
    struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
    struct addrinfo *list = NULL;
    word host = word_at(look->hosts, index);
    char name[NAME_SIZE], text[ADDRESS_SIZE];

    if (!is_name(host, name)) {
        add(look, host, "", index); /* libpq takes it as it is */
        return;
    }
    int failed = getaddrinfo(name, NULL, &hints, &list);
    if (failed != 0) {
        memcpy(look->failed, name, sizeof name);
        look->reason = failed;
        return;
    }
    for (const struct addrinfo *one = list; one != NULL; one = one->ai_next) {
        if (getnameinfo(one->ai_addr, one->ai_addrlen, text, sizeof text, NULL, 0, NI_NUMERICHOST) == 0)
            add(look, host, text, index);
    }
    freeaddrinfo(list);
}

static void
unref_locked(look_up *look)
{
    bool last = --look->refs == 0;

    incload__monitor_unlock(&look->monitor);
    if (!last)
        return;
    incload__monitor_free(&look->monitor);
    incload__pq_addresses_free(&look->found);
    incload__free(&incload__mem_libc, look->hosts);
    incload__free(&incload__mem_libc, look->ports);
    incload__free(&incload__mem_libc, look);
}

static void *
look_up_main(void *data)
{
    look_up *look = data;

    for (int32_t i = 0; i < count_words(look->hosts); i++)
        find_host(look, i);
    incload__monitor_lock(&look->monitor);
    look->done = true;
    incload_context *context = look->left ? look->context : NULL;
    incload__monitor_notify(&look->monitor);
    unref_locked(look);
    if (context != NULL)
        incload__context_came_back(context, "the look-up of a host's name that was left behind came back");
    incload_context_unref(context);
    return NULL;
}

static look_up *
look_up_new(const char *hosts, const char *ports, incload_context *context)
{
    const incload__mem *mem = &incload__mem_libc;
    look_up *look = incload__alloc(mem, sizeof *look);

    if (look == NULL)
        return NULL;
    if (incload__monitor_init(&look->monitor) != INCLOAD_OK) {
        incload__free(mem, look);
        return NULL;
    }
    look->refs = 1;
    look->context = context;
    incload__pq_addresses_init(&look->found, mem);
    look->hosts = incload__strdup(mem, hosts);
    look->ports = incload__strdup(mem, ports);
    if (look->hosts != NULL && look->ports != NULL)
        return look;
    incload__monitor_lock(&look->monitor);
    unref_locked(look);
    return NULL;
}

static bool
start_thread(look_up *look)
{
    look->refs++;
    bool started = incload__thread_start(NULL, STACK_SIZE, look_up_main, look);
    if (!started)
        look->refs--;
    return started;
}

/* ---- the caller ---- */

void
incload__pq_addresses_init(incload__pq_addresses *addresses, const incload__mem *mem)
{
    *addresses = (incload__pq_addresses){ INCLOAD__STR(mem), INCLOAD__STR(mem), INCLOAD__STR(mem), 0 };
}

void
incload__pq_addresses_free(incload__pq_addresses *addresses)
{
    incload__str_free(&addresses->hosts);
    incload__str_free(&addresses->addresses);
    incload__str_free(&addresses->ports);
}

/* With the monitor locked. INCLOAD_OK when it is done. */
static int32_t
wait_for(look_up *look, incload__pq *pq)
{
    const incload__env *env = pq->head.env;

    while (!look->done) {
        int64_t now = incload__monotonic_us(env);
        if (pq->asked != NULL && atomic_load(pq->asked))
            return INCLOAD_E_CANCELLED;
        if (pq->head.deadline_us != 0 && now >= pq->head.deadline_us)
            return INCLOAD_E_TIMEOUT;
        int64_t until = now + LOOK_US;
        if (pq->head.deadline_us != 0 && pq->head.deadline_us < until)
            until = pq->head.deadline_us;
        incload__monitor_wait(&look->monitor, env, until);
    }
    return INCLOAD_OK;
}

static int32_t
fail_left(int32_t code, const char *hosts, incload_error **err)
{
    bool first = err != NULL && *err == NULL;

    if (code == INCLOAD_E_CANCELLED)
        return incload__fail(err, code, "connecting: cancelled by the host while looking up '%.200s'", hosts);
    incload__fail(err, code,
                  "connecting: the address of '%.200s' was not found by the deadline; check host and port, and the "
                  "resolver, or give an address",
                  hosts);
    if (first)
        incload__error_set_server(err, "08001", 0, true);
    return code;
}

static int32_t
fail_not_found(const look_up *look, incload_error **err)
{
    bool first = err != NULL && *err == NULL;

    incload__fail(err, INCLOAD_E_CONNECT,
                  "connecting: the host '%s' has no address: %s; check host and port, and the resolver", look->failed,
                  gai_strerror(look->reason));
    if (first)
        incload__error_set_server(err, "08001", 0, true);
    return INCLOAD_E_CONNECT;
}

static void
leave(look_up *look)
{
    if (look->context == NULL)
        return;
    look->left = true;
    incload_context_ref(look->context);
    incload__context_left_behind(look->context,
                                 "the look-up of a host's name did not return in time and was left behind");
}

int32_t
incload__pq_look_up(incload__pq *pq, const char *hosts, const char *ports, incload_context *context,
                    incload__pq_addresses *out, incload_error **err)
{
    ports = ports != NULL ? ports : "";
    if (hosts == NULL || !has_names(hosts))
        return INCLOAD_OK;
    /* libpq has its own words for lists that do not match. */
    if (count_words(ports) != 1 && count_words(ports) != count_words(hosts))
        return INCLOAD_OK;
    look_up *look = look_up_new(hosts, ports, context);
    if (look == NULL)
        return incload__fail_memory(err);

    incload__monitor_lock(&look->monitor);
    int32_t status = INCLOAD_OK;
    if (!start_thread(look))
        status =
            incload__fail(err, INCLOAD_E_CONNECT, "connecting: the system gave no thread to look up '%.200s'", hosts);
    else
        status = wait_for(look, pq);
    if (status == INCLOAD_E_TIMEOUT || status == INCLOAD_E_CANCELLED) {
        leave(look);
        fail_left(status, hosts, err);
    } else if (status == INCLOAD_OK && look->found.count == 0) {
        status = fail_not_found(look, err);
    } else if (status == INCLOAD_OK) {
        incload__pq_addresses moved = look->found;
        incload__pq_addresses_init(&look->found, &incload__mem_libc);
        *out = moved;
        if (out->hosts.failed || out->addresses.failed || out->ports.failed)
            status = incload__fail_memory(err);
    }
    unref_locked(look);
    return status;
}
