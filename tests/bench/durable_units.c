/* SPDX-License-Identifier: Apache-2.0 */
/* Units without work through the ledger of one database, for durable.py:
 *
 *     durable_units URL LEDGER CLIENTS UNITS MANNER
 *
 * Units are claimed as a backfill does it: 100 at once, more as long as they are short. MANNER batch: each 100 of them
 * land in one transaction. unit: each lands with a row of data in a transaction of its own. bare: the same transactions
 * with the row of data alone. Prints the microseconds from the first claim to the last commit. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run/portion.h"
#include "state/args.h"
#include "state/complete.h"

enum { BATCH = 100, MOST_CLIENTS = 64 };

static const char *url, *place, *manner;
static incload__pipeline_run run;
static int64_t units;
static int32_t clients;

static void
die(const char *doing, incload_error *err)
{
    fprintf(stderr, "durable_units: %s: %s\n", doing, incload_error_message(err));
    exit(1);
}

static incload__conn *
connect_to(incload_error **err)
{
    const incload__driver *driver = NULL;
    incload__conn *conn = NULL;

    if (incload__driver_find(url, &driver, err) != INCLOAD_OK)
        die("finding the driver", *err);
    incload__connect how = { .env = &incload__env_system, .url = url, .role = INCLOAD__ROLE_WRITE,
                             .deadline_us = incload__deadline_in(&incload__env_system, 30000),
                             .application_name = "durable" };
    if (driver->connect(&how, &conn, err) != INCLOAD_OK)
        die("connecting", *err);
    conn->deadline_us = 0;
    return conn;
}

static int32_t
add_data(incload__conn *conn, int64_t seq, incload_error **err)
{
    incload__number number = incload__as_number(seq);
    incload__param param = incload__number_param(&number);

    return conn->driver->execute(conn, "INSERT INTO durable_data VALUES ($1)", &param, 1, NULL, err);
}

/* One transaction: data of one unit, if any, and the completion of so many, if any. */
static int32_t
land(const incload__ledger *ledger, incload__conn *conn, const incload__landing *landing, const incload__landed *done,
     int32_t count, incload_error **err)
{
    int32_t status = conn->driver->begin(conn, err);

    if (status == INCLOAD_OK && strcmp(manner, "batch") != 0)
        status = add_data(conn, done->seq, err);
    if (status == INCLOAD_OK && landing != NULL)
        status = incload__units_complete(ledger, conn, landing, done, count, err);
    return incload__state_end(conn, status, err);
}

/* Up to BATCH units of a claim, from `from` on. */
static int32_t
land_part(const incload__ledger *ledger, incload__conn *conn, const incload__claim *claim, int32_t from,
          incload_error **err)
{
    const incload__landing landing = { .load = "durable", .code_version = "1", .run_id = run.run_id,
                                       .run_no = run.run_no, .epoch = claim->epoch };
    incload__landed done[BATCH];
    char keys[BATCH][24];
    int32_t status = INCLOAD_OK, count = claim->count - from < BATCH ? claim->count - from : BATCH;
    bool at_once = strcmp(manner, "batch") == 0;

    for (int32_t i = 0; i < count; i++) {
        int64_t seq = claim->units[from + i].seq;
        snprintf(keys[i], sizeof keys[i], "%lld", (long long)seq);
        done[i] = (incload__landed){ .seq = seq, .key = keys[i], .lane = "", .low = seq, .high = seq + 1 };
    }
    if (at_once)
        return land(ledger, conn, &landing, done, count, err);
    for (int32_t i = 0; i < count && status == INCLOAD_OK; i++)
        status = land(ledger, conn, &landing, &done[i], 1, err);
    return status;
}

static void
work_bare(incload__conn *conn, int64_t client, incload_error **err)
{
    for (int64_t seq = client; seq < units; seq += clients) {
        const incload__landed done = { .seq = seq };
        if (land(NULL, conn, NULL, &done, 0, err) != INCLOAD_OK)
            die("writing", *err);
    }
}

static void
work(const incload__ledger *ledger, incload__conn *conn, incload_error **err)
{
    incload__portion portion;
    incload__worker worker;
    bool more = true;

    if (incload__worker_register(ledger, conn, run.run_no, "durable", 600000000, &worker, err) != INCLOAD_OK)
        die("registering", *err);
    incload__portion_init(&portion, BATCH, worker.ttl_us, false);
    while (more) {
        incload__claim claim;
        int32_t limit = incload__portion_next(&portion, incload__monotonic_us(&incload__env_system));
        if (incload__units_claim_portion(ledger, conn, run.run_no, &worker, limit, BATCH, &claim, err) != INCLOAD_OK)
            die("claiming", *err);
        incload__portion_took(&portion, &claim, incload__monotonic_us(&incload__env_system));
        more = claim.count > 0;
        for (int32_t i = 0; i < claim.count; i += BATCH) {
            if (land_part(ledger, conn, &claim, i, err) != INCLOAD_OK)
                die("completing", *err);
        }
        incload__claim_free(&claim);
    }
}

static void *
client_main(void *data)
{
    incload_error *err = NULL;
    incload__conn *conn = connect_to(&err);
    incload__ledger ledger;

    if (incload__ledger_init(&ledger, &incload__mem_libc, conn->dialect, place, &err) != INCLOAD_OK)
        die("naming the ledger", err);
    if (strcmp(manner, "bare") == 0)
        work_bare(conn, (int64_t)(intptr_t)data, &err);
    else
        work(&ledger, conn, &err);
    incload__ledger_free(&ledger);
    conn->driver->close(conn);
    return NULL;
}

static void
make_run(void)
{
    incload__run_spec spec = { .name = "durable", .kind = INCLOAD__RUN_OF_BACKFILL, .hash = "0", .spec = "durable",
                               .units = units, .max_failures = -1 };
    incload_error *err = NULL;
    incload__conn *conn = connect_to(&err);
    incload__ledger ledger;
    bool created;

    if (incload__ledger_init(&ledger, &incload__mem_libc, conn->dialect, place, &err) != INCLOAD_OK
        || incload__ledger_ensure(&ledger, conn, &err) != INCLOAD_OK
        || incload__pipeline_run_create(&ledger, conn, &spec, &run, &created, &err) != INCLOAD_OK)
        die("making the run", err);
    incload__ledger_free(&ledger);
    conn->driver->close(conn);
}

int
main(int argc, char **argv)
{
    pthread_t threads[MOST_CLIENTS];

    if (argc != 6 || (clients = (int32_t)strtol(argv[3], NULL, 10)) < 1 || clients > MOST_CLIENTS) {
        fprintf(stderr, "usage: durable_units URL LEDGER CLIENTS UNITS batch|unit|bare\n");
        return 2;
    }
    url = argv[1];
    place = argv[2];
    units = strtoll(argv[4], NULL, 10);
    manner = argv[5];
    make_run();
    int64_t began = incload__monotonic_us(&incload__env_system);
    for (int32_t i = 0; i < clients; i++) {
        if (pthread_create(&threads[i], NULL, client_main, (void *)(intptr_t)i) != 0)
            return 1;
    }
    for (int32_t i = 0; i < clients; i++)
        pthread_join(threads[i], NULL);
    printf("%lld\n", (long long)(incload__monotonic_us(&incload__env_system) - began));
    incload__pipeline_run_free(&run);
    return 0;
}
