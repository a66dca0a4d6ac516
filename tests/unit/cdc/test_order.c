/* SPDX-License-Identifier: Apache-2.0 */
/* In which order the tables of a set are written, and rows of one of them. */
#include <string.h>

#include "../harness.h"
#include "cdc/key_order.h"
#include "cdc/set.h"

enum { MOST = 5 };

typedef struct world {
    incload__change_set set;
    incload__change_member members[MOST], *tables[MOST];
    int32_t order[MOST];
} world;

static void
add_table(world *w, const char *name)
{
    incload__change_member *member = &w->members[w->set.count];

    w->set.mem = &incload__mem_libc;
    w->set.tables = w->tables;
    w->set.order = w->order;
    w->tables[w->set.count++] = member;
    member->table.name = (incload__table){ (char *)(uintptr_t) "s", (char *)(uintptr_t)name };
    member->table.parents.mem = &incload__mem_libc;
}

static void
refer(world *w, int32_t child, const char *parent, bool deferrable)
{
    const char *const cells[] = { "s", parent, deferrable ? "1" : "0" };

    ck_assert_int_eq(incload__rows_add(&w->members[child].table.parents, cells, NULL, 3), INCLOAD_OK);
}

/* "b a c" */
static void
expect_order(world *w, const char *expected)
{
    char found[64] = "";

    ck_assert_int_eq(incload__change_set_order(&w->set, NULL), INCLOAD_OK);
    for (int32_t i = 0; i < w->set.count; i++) {
        strcat(found, i > 0 ? " " : "");
        strcat(found, w->members[w->order[i]].table.name.name);
    }
    ck_assert_str_eq(found, expected);
    for (int32_t i = 0; i < w->set.count; i++)
        incload__rows_free(&w->members[i].table.parents);
}

START_TEST(a_table_comes_behind_those_it_refers_to)
{
    world w = { .set = { .count = 0 } };

    add_table(&w, "lines");
    add_table(&w, "orders");
    add_table(&w, "loose");
    add_table(&w, "customers");
    refer(&w, 0, "orders", false);
    refer(&w, 1, "customers", false);
    refer(&w, 1, "elsewhere", true);
    expect_order(&w, "loose customers orders lines");
    ck_assert(w.set.related);
    ck_assert(!w.set.deferred);
}
END_TEST

START_TEST(tables_without_references_stay_as_they_were_added)
{
    world w = { .set = { .count = 0 } };

    add_table(&w, "b");
    add_table(&w, "a");
    expect_order(&w, "b a");
    ck_assert(!w.set.related);
}
END_TEST

START_TEST(a_ring_is_cut_and_deferred_and_others_come_behind_it)
{
    world w = { .set = { .count = 0 } };

    add_table(&w, "leaf");
    add_table(&w, "a");
    add_table(&w, "b");
    refer(&w, 0, "b", false);
    refer(&w, 1, "b", true);
    refer(&w, 2, "a", false);
    expect_order(&w, "b leaf a");
    ck_assert(w.set.related);
    ck_assert(w.set.deferred);
}
END_TEST

START_TEST(a_table_may_refer_to_itself)
{
    world w = { .set = { .count = 0 } };

    add_table(&w, "tree");
    add_table(&w, "other");
    refer(&w, 0, "tree", false);
    expect_order(&w, "tree other");
    ck_assert(w.set.related);
}
END_TEST

START_TEST(rows_are_in_the_order_of_numbers_then_of_texts)
{
    static const char *const keys[] = { "10", "beta", "-5", "9", "alpha", "9" };
    static const int64_t expected[] = { 2, 3, 5, 0, 4, 1 };
    incload__folded rows[6] = { { .first = 0 } };
    incload__cell cells[6];
    const incload__cell *pointers[6];
    incload__fold fold = { .mem = &incload__mem_libc, .key_count = 1, .rows = rows, .count = 6 };

    for (int i = 0; i < 6; i++) {
        cells[i] = (incload__cell){ keys[i], (uint32_t)strlen(keys[i]), 0 };
        pointers[i] = &cells[i];
        rows[i].key = &pointers[i];
    }
    incload__key_place *order = incload__key_order(&fold);
    ck_assert_ptr_nonnull(order);
    for (int i = 0; i < 6; i++)
        ck_assert_int_eq(order[i].row, expected[i]);
    incload__free(fold.mem, order);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_test(tests, a_table_comes_behind_those_it_refers_to);
    tcase_add_test(tests, tables_without_references_stay_as_they_were_added);
    tcase_add_test(tests, a_ring_is_cut_and_deferred_and_others_come_behind_it);
    tcase_add_test(tests, a_table_may_refer_to_itself);
    tcase_add_test(tests, rows_are_in_the_order_of_numbers_then_of_texts);
}

HARNESS_MAIN("order", add_tests)
