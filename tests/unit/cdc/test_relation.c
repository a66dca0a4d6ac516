/* SPDX-License-Identifier: Apache-2.0 */
/* Relations by version, and what is different between two of them. */
#include "cdc/relation.h"

#include <stdio.h>
#include <string.h>

#include "../harness.h"
#include "wire.h"

enum { OID = 16400, INT4 = 23, INT8 = 20, TEXT = 25, MOOD = 20001 };

static incload__relations relations;

typedef struct column {
    const char *name;
    uint32_t type;
    unsigned key;
} column;

static void
setup(void)
{
    incload__relations_init(&relations, &incload__mem_libc);
}

static void
teardown(void)
{
    incload__relations_free(&relations);
}

static const incload__relation *
take(const wire *w)
{
    incload__pgoutput stream = { .protocol = 1 };
    incload__pgoutput_message message;
    const incload__relation *out;

    ck_assert_int_eq(incload__pgoutput_parse(&stream, w->bytes, w->length, &message, NULL), INCLOAD_OK);
    ck_assert_int_eq(incload__relations_take(&relations, &message, &out, NULL), INCLOAD_OK);
    return out;
}

static const incload__relation *
tell(const char *table, char identity, const column *columns, unsigned count)
{
    wire w;

    wire_begin(&w, 'R', 0);
    wire_u32(&w, OID);
    wire_text(&w, "public");
    wire_text(&w, table);
    wire_u8(&w, (unsigned char)identity);
    wire_u16(&w, count);
    for (unsigned i = 0; i < count; i++) {
        wire_u8(&w, columns[i].key);
        wire_text(&w, columns[i].name);
        wire_u32(&w, columns[i].type);
        wire_u32(&w, UINT32_MAX);
    }
    return take(&w);
}

/* The difference of the newest version to the one before, as one text. */
static void
differs(const incload__relation *after, const char *expected)
{
    incload__relation_change changes[32];
    incload__str text = INCLOAD__STR(&incload__mem_libc);
    int32_t count = incload__relation_difference(after->before, after, changes, 32);

    ck_assert_int_le(count, incload__relation_most(after->before, after));
    for (int32_t i = 0; i < count; i++) {
        incload__str_add(&text, i > 0 ? "; " : "");
        incload__relation_tell(&relations, after->before, after, &changes[i], &text);
    }
    ck_assert_str_eq(incload__str_text(&text), expected);
    incload__str_free(&text);
}

static const column first[] = { { "id", INT4, 1 }, { "name", TEXT, 0 }, { "size", INT4, 0 } };

START_TEST(a_relation_is_found_by_its_oid)
{
    wire w;
    char name[32];

    for (uint32_t oid = 1; oid <= 1000; oid++) {
        snprintf(name, sizeof name, "t%u", oid * 37);
        wire_relation(&w, 0, oid * 37, name);
        ck_assert_ptr_nonnull(take(&w));
    }
    for (uint32_t oid = 1; oid <= 1000; oid++) {
        snprintf(name, sizeof name, "t%u", oid * 37);
        ck_assert_str_eq(incload__relations_find(&relations, oid * 37)->name, name);
    }
    ck_assert_ptr_null(incload__relations_find(&relations, 1));
}
END_TEST

START_TEST(the_same_told_again_is_no_new_version)
{
    const incload__relation *one = tell("t", 'd', first, 3);

    ck_assert_int_eq(one->version, 1);
    ck_assert_ptr_null(one->before);
    ck_assert_ptr_null(tell("t", 'd', first, 3));
    ck_assert_ptr_eq(incload__relations_find(&relations, OID), one);
}
END_TEST

START_TEST(an_older_version_stays)
{
    const incload__relation *one = tell("t", 'd', first, 3);
    const incload__relation *two = tell("t", 'd', first, 2);

    ck_assert_int_eq(two->version, 2);
    ck_assert_ptr_eq(two->before, one);
    ck_assert_int_eq(one->count, 3);
    ck_assert_str_eq(one->columns[2].name, "size");
}
END_TEST

START_TEST(each_version_is_used_first_once)
{
    tell("t", 'd', first, 3);
    ck_assert(incload__relations_first_use(&relations, OID));
    ck_assert(!incload__relations_first_use(&relations, OID));
    tell("t", 'd', first, 2);
    ck_assert(incload__relations_first_use(&relations, OID));
    ck_assert(!incload__relations_first_use(&relations, 1));
}
END_TEST

START_TEST(a_schema_without_a_name_is_the_catalog)
{
    wire w;

    wire_begin(&w, 'R', 0);
    wire_u32(&w, OID);
    wire_text(&w, "");
    wire_text(&w, "pg_class");
    wire_u8(&w, 'n');
    wire_u16(&w, 0);
    ck_assert_str_eq(take(&w)->schema, "pg_catalog");
}
END_TEST

START_TEST(added_and_dropped_columns_are_told)
{
    static const column second[] = { { "id", INT4, 1 }, { "size", INT4, 0 }, { "a", TEXT, 0 }, { "b", INT8, 0 } };

    tell("t", 'd', first, 3);
    differs(tell("t", 'd', second, 4),
            "column \"name\" was dropped; column \"a\" was added (text); column \"b\" was added (int8)");
}
END_TEST

START_TEST(a_rename_before_an_old_column_is_sure)
{
    static const column second[] = { { "id", INT4, 1 }, { "title", TEXT, 0 }, { "size", INT4, 0 } };

    tell("t", 'd', first, 3);
    differs(tell("t", 'd', second, 3), "column \"name\" was renamed to \"title\"");
}
END_TEST

START_TEST(a_rename_of_the_last_column_may_be_a_drop_and_an_add)
{
    static const column second[] = { { "id", INT4, 1 }, { "name", TEXT, 0 }, { "extent", INT4, 0 } };

    tell("t", 'd', first, 3);
    differs(tell("t", 'd', second, 3), "column \"size\" was renamed to \"extent\", or dropped while that was added");
}
END_TEST

START_TEST(another_type_at_the_place_is_no_rename)
{
    static const column second[] = { { "id", INT4, 1 }, { "title", INT4, 0 }, { "size", INT4, 0 } };

    tell("t", 'd', first, 3);
    differs(tell("t", 'd', second, 3), "column \"name\" was dropped; column \"title\" was added (int4)");
}
END_TEST

START_TEST(several_renames_keep_their_places)
{
    static const column second[] = { { "key", INT4, 1 }, { "title", TEXT, 0 }, { "size", INT4, 0 } };

    tell("t", 'd', first, 3);
    differs(tell("t", 'd', second, 3),
            "column \"id\" was renamed to \"key\"; column \"name\" was renamed to \"title\"");
}
END_TEST

START_TEST(another_type_or_key_is_told)
{
    static const column second[] = { { "id", INT8, 1 }, { "name", TEXT, 1 }, { "size", INT4, 0 } };

    tell("t", 'd', first, 3);
    differs(tell("t", 'd', second, 3), "column \"id\" changed its type from int4 to int8; column \"name\" became part "
                                       "of the replica identity");
}
END_TEST

START_TEST(another_name_or_identity_is_told)
{
    tell("t", 'd', first, 3);
    differs(tell("u", 'f', first, 3), "the table was \"public\".\"t\" and is \"public\".\"u\"; the replica identity "
                                      "was default and is full");
}
END_TEST

START_TEST(own_types_have_the_name_that_the_stream_told)
{
    static const column second[] = { { "id", INT4, 1 }, { "name", TEXT, 0 }, { "size", INT4, 0 }, { "m", MOOD, 0 } };
    wire w;

    tell("t", 'd', first, 3);
    differs(tell("t", 'd', second, 4), "column \"m\" was added (type 20001)");
    for (int turn = 0; turn < 2; turn++) {
        wire_begin(&w, 'Y', 0);
        wire_u32(&w, MOOD);
        wire_text(&w, "public");
        wire_text(&w, turn == 0 ? "temper" : "mood");
        ck_assert_ptr_null(take(&w));
    }
    differs(incload__relations_find(&relations, OID), "column \"m\" was added (public.mood)");
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, a_relation_is_found_by_its_oid);
    tcase_add_test(tests, the_same_told_again_is_no_new_version);
    tcase_add_test(tests, an_older_version_stays);
    tcase_add_test(tests, each_version_is_used_first_once);
    tcase_add_test(tests, a_schema_without_a_name_is_the_catalog);
    tcase_add_test(tests, added_and_dropped_columns_are_told);
    tcase_add_test(tests, a_rename_before_an_old_column_is_sure);
    tcase_add_test(tests, a_rename_of_the_last_column_may_be_a_drop_and_an_add);
    tcase_add_test(tests, another_type_at_the_place_is_no_rename);
    tcase_add_test(tests, several_renames_keep_their_places);
    tcase_add_test(tests, another_type_or_key_is_told);
    tcase_add_test(tests, another_name_or_identity_is_told);
    tcase_add_test(tests, own_types_have_the_name_that_the_stream_told);
}

HARNESS_MAIN("relation", add_tests)
