/* SPDX-License-Identifier: Apache-2.0 */
/* PostgreSQL's snapshots as the finder reads them: who is in, who is not, and whose end can be told. */
#include <incload/incload.h>

#include <string.h>

#include "../harness.h"
#include "base/env.h"
#include "load/horizon_postgres.h"

static const incload__mem *const mem = &incload__env_system.mem;

static incload__snapshot
snapshot_of(const char *text)
{
    incload__snapshot snapshot;

    memset(&snapshot, 0, sizeof snapshot);
    ck_assert_int_eq(incload__snapshot_parse(mem, text, &snapshot, NULL), INCLOAD_OK);
    return snapshot;
}

START_TEST(a_snapshot_sees_what_had_ended)
{
    incload__snapshot snapshot = snapshot_of("100:110:100,105");

    ck_assert(incload__snapshot_sees(&snapshot, 99));
    ck_assert(!incload__snapshot_sees(&snapshot, 100));
    ck_assert(incload__snapshot_sees(&snapshot, 104));
    ck_assert(!incload__snapshot_sees(&snapshot, 105));
    ck_assert(!incload__snapshot_sees(&snapshot, 110));
    incload__free(mem, snapshot.running);
}
END_TEST

START_TEST(a_snapshot_with_nobody_running_has_no_list)
{
    incload__snapshot snapshot = snapshot_of("18446744073709551614:18446744073709551615:");

    ck_assert_uint_eq(snapshot.xmin, UINT64_C(18446744073709551614));
    ck_assert_int_eq(snapshot.running_count, 0);
}
END_TEST

START_TEST(other_forms_are_refused)
{
    static const char *const wrong[] = { "", "1", "1:", "a:b:", "1:2:x", "1:2:3,,4", "1:99999999999999999999:" };

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        incload__snapshot snapshot;
        memset(&snapshot, 0, sizeof snapshot);
        ck_assert_int_eq(incload__snapshot_parse(mem, wrong[i], &snapshot, NULL), INCLOAD_E_PROTOCOL);
        incload__free(mem, snapshot.running);
    }
}
END_TEST

START_TEST(short_ids_are_widened_past_their_wrap)
{
    ck_assert_uint_eq(incload__xid_widen(100, 105), 105);
    ck_assert_uint_eq(incload__xid_widen(UINT64_C(0x1fffffff0), 0xfffffff5), UINT64_C(0x1fffffff5));
    ck_assert_uint_eq(incload__xid_widen(UINT64_C(0x1fffffff0), 3), UINT64_C(0x200000003));
}
END_TEST

static incload__rows
rows_of(int32_t columns, const char *const *cells, int32_t count)
{
    incload__rows rows = { .mem = mem };

    for (int32_t i = 0; i < count; i++)
        ck_assert_int_eq(incload__rows_add(&rows, cells + i * columns, NULL, columns), INCLOAD_OK);
    return rows;
}

START_TEST(a_transaction_is_open_while_it_is_listed_and_unseen)
{
    static const char *const backend_cells[] = { "0", "17:3/4", "0", "18:3/5" };
    static const char *const prepared_cells[] = { "prepared 107", "x" };
    static const char *const xid_cells[] = { "17:3/4", "105", "18:3/5", "104" };
    incload__snapshot snapshot = snapshot_of("100:110:100,105,107");
    incload__rows backends = rows_of(2, backend_cells, 2), prepared = rows_of(2, prepared_cells, 1);
    incload__rows xids = rows_of(2, xid_cells, 2);

    ck_assert(incload__flight_open(&snapshot, "17:3/4", &backends, &prepared, &xids));
    /* It is listed, but has committed before the snapshot was taken: its rows are in it. */
    ck_assert(!incload__flight_open(&snapshot, "18:3/5", &backends, &prepared, &xids));
    ck_assert(!incload__flight_open(&snapshot, "17:3/5", &backends, &prepared, &xids));
    ck_assert(incload__flight_open(&snapshot, "prepared 107", &backends, &prepared, &xids));
    ck_assert(!incload__flight_open(&snapshot, "prepared 100", &backends, &prepared, &xids));
    incload__rows_free(&backends);
    incload__rows_free(&prepared);
    incload__rows_free(&xids);
    incload__free(mem, snapshot.running);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_test(tests, a_snapshot_sees_what_had_ended);
    tcase_add_test(tests, a_snapshot_with_nobody_running_has_no_list);
    tcase_add_test(tests, other_forms_are_refused);
    tcase_add_test(tests, short_ids_are_widened_past_their_wrap);
    tcase_add_test(tests, a_transaction_is_open_while_it_is_listed_and_unseen);
}

HARNESS_MAIN("snapshot", add_tests)
