/* SPDX-License-Identifier: Apache-2.0 */
/* Time zone files that the system would never write. */
#include "zones.h"

#include "base/civil.h"
#include "base/tzrule.h"
#include "base/zone.h"

/* A file with two changes and a rule, written byte by byte. */
typedef struct file {
    unsigned char bytes[1024];
    size_t length;
} file;

static void
put(file *out, uint64_t value, int width)
{
    while (width-- > 0)
        out->bytes[out->length++] = (unsigned char)(width < 8 ? value >> (8 * width) : 0);
}

static void
put_text(file *out, const char *text)
{
    memcpy(out->bytes + out->length, text, strlen(text));
    out->length += strlen(text);
}

typedef struct parts {
    char version;
    uint32_t leaps;
    int64_t changes[2];
    uint32_t indexes[2];
    int32_t offsets[2];
    const char *footer;
} parts;

static const parts good = {
    .version = '2', .changes = { 1000, 2000 }, .indexes = { 1, 0 }, .offsets = { 3600, 7200 }, .footer = "\n<+01>-1\n"
};

static void
put_header(file *out, char version, uint32_t leaps, uint32_t changes)
{
    put_text(out, "TZif");
    put(out, (unsigned char)version, 1);
    put(out, 0, 15);
    put(out, 0, 4);
    put(out, 0, 4);
    put(out, leaps, 4);
    put(out, changes, 4);
    put(out, changes > 0 ? 2 : 1, 4);
    put(out, 4, 4);
}

/* The first part, for readers of version 1, holds as little as it may. */
static file
make(const parts *from)
{
    file out = { .length = 0 };

    put_header(&out, from->version, 0, 0);
    put(&out, 0, 6);
    put_text(&out, "UTC");
    put(&out, 0, 1);
    put_header(&out, from->version, from->leaps, 2);
    for (int i = 0; i < 2; i++)
        put(&out, (uint64_t)from->changes[i], 8);
    for (int i = 0; i < 2; i++)
        put(&out, from->indexes[i], 1);
    for (int i = 0; i < 2; i++) {
        put(&out, (uint32_t)from->offsets[i], 4);
        put(&out, 0, 2);
    }
    put_text(&out, "UTC");
    put(&out, 0, 1);
    put(&out, 0, from->leaps > 0 ? 12 : 0);
    put_text(&out, from->footer);
    return out;
}

static int32_t
parse(const void *bytes, size_t length, incload__zone **out)
{
    incload_error *err = NULL;
    /* A block of exactly that size: whoever reads past it is caught by valgrind and the sanitizers. */
    unsigned char *copy = malloc(length > 0 ? length : 1);

    memcpy(copy, bytes, length);
    *out = incload__zone_parse(&incload__mem_libc, "Test/Zone", copy, length, &err);
    int32_t code = incload_error_code(err);
    ck_assert((*out == NULL) == (code != INCLOAD_OK));
    incload_error_unref(err);
    free(copy);
    return code;
}

START_TEST(a_small_file_is_read)
{
    incload__zone *zone;
    file whole = make(&good);

    ck_assert_int_eq(parse(whole.bytes, whole.length, &zone), INCLOAD_OK);
    ck_assert_int_eq(incload__zone_clock(zone, 0), 3600);
    ck_assert_int_eq(incload__zone_clock(zone, 999), 999 + 3600);
    ck_assert_int_eq(incload__zone_clock(zone, 1000), 1000 + 7200);
    ck_assert_int_eq(incload__zone_clock(zone, 1999), 1999 + 7200);
    ck_assert_int_eq(incload__zone_clock(zone, 2000), 2000 + 3600);
    incload__zone_free(zone);
}
END_TEST

START_TEST(a_change_of_name_alone_is_no_change_of_the_clock)
{
    incload__zone *zone;
    parts same = good;

    same.offsets[1] = same.offsets[0];
    file whole = make(&same);
    ck_assert_int_eq(parse(whole.bytes, whole.length, &zone), INCLOAD_OK);
    incload__zone_span span = incload__zone_span_at(zone, 1500);
    ck_assert(span.from == INT64_MIN && span.to == INT64_MAX && span.offset == 3600);
    incload__zone_free(zone);
}
END_TEST

START_TEST(files_that_contradict_themselves_are_refused)
{
    static const struct {
        const char *what;
        parts parts;
        int32_t code;
    } cases[] = {
        { "version 1", { 0, 0, { 1, 2 }, { 1, 0 }, { 0, 60 }, "\nUTC0\n" }, INCLOAD_E_UNSUPPORTED },
        { "leap seconds", { '2', 1, { 1, 2 }, { 1, 0 }, { 0, 60 }, "\nUTC0\n" }, INCLOAD_E_UNSUPPORTED },
        { "changes in disorder", { '2', 0, { 2, 1 }, { 1, 0 }, { 0, 60 }, "\nUTC0\n" }, INCLOAD_E_INVALID },
        { "two changes at once", { '2', 0, { 2, 2 }, { 1, 0 }, { 0, 60 }, "\nUTC0\n" }, INCLOAD_E_INVALID },
        { "an unknown type", { '2', 0, { 1, 2 }, { 1, 2 }, { 0, 60 }, "\nUTC0\n" }, INCLOAD_E_INVALID },
        { "an offset of 26 h", { '2', 0, { 1, 2 }, { 1, 0 }, { 0, 93600 }, "\nUTC0\n" }, INCLOAD_E_INVALID },
        { "the least offset", { '2', 0, { 1, 2 }, { 1, 0 }, { 0, INT32_MIN }, "\nUTC0\n" }, INCLOAD_E_INVALID },
        { "a far change", { '2', 0, { 1, INT64_MAX }, { 1, 0 }, { 0, 60 }, "\nUTC0\n" }, INCLOAD_E_INVALID },
        { "no footer", { '2', 0, { 1, 2 }, { 1, 0 }, { 0, 60 }, "" }, INCLOAD_E_INVALID },
        { "half a footer", { '2', 0, { 1, 2 }, { 1, 0 }, { 0, 60 }, "\nUTC0" }, INCLOAD_E_INVALID },
        { "a bad rule", { '2', 0, { 1, 2 }, { 1, 0 }, { 0, 60 }, "\nUTC\n" }, INCLOAD_E_INVALID },
        { "an empty rule", { '2', 0, { 1, 2 }, { 1, 0 }, { 0, 60 }, "\n\n" }, INCLOAD_OK },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        incload__zone *zone;
        file whole = make(&cases[i].parts);
        int32_t code = parse(whole.bytes, whole.length, &zone);
        ck_assert_msg(code == cases[i].code, "%s: %d", cases[i].what, code);
        incload__zone_free(zone);
    }
}
END_TEST

START_TEST(a_file_cut_anywhere_is_refused)
{
    static unsigned char bytes[ZONES_FILE];
    size_t length = zones_read("Europe/Berlin", bytes, sizeof bytes);
    incload__zone *zone;

    ck_assert_int_eq(parse(bytes, length, &zone), INCLOAD_OK);
    incload__zone_free(zone);
    for (size_t cut = 0; cut < length; cut++)
        ck_assert_msg(parse(bytes, cut, &zone) == INCLOAD_E_INVALID, "cut at %zu", cut);
}
END_TEST

/* Whatever a broken file makes of the clock, questions about it end. */
static void
ask(const incload__zone *zone)
{
    static const int64_t instants[] = { -(INT64_C(1) << 42), -1, 0, 1711846800, INT64_C(253402300799),
                                        INT64_C(1) << 42 };
    int64_t first, last;

    for (size_t i = 0; i < sizeof instants / sizeof instants[0]; i++) {
        incload__zone_span span = incload__zone_span_at(zone, instants[i]);
        ck_assert(span.to > instants[i]);
        (void)incload__zone_instants(zone, instants[i], &first, &last);
        ck_assert_int_le(first, last);
    }
}

/* Deterministic: a failure says which round, and comes again. */
START_TEST(files_with_changed_bytes_are_read_or_refused_and_nothing_else)
{
    static const char *const names[] = { "Europe/Berlin", "America/New_York", "Australia/Lord_Howe",
                                         "Africa/Casablanca" };
    static unsigned char bytes[ZONES_FILE], changed[ZONES_FILE];
    uint64_t random = 88172645463325252;
    int accepted = 0, refused = 0;

    for (int round = 0; round < 40000; round++) {
        size_t length = zones_read(names[round / 10000], bytes, sizeof bytes);
        memcpy(changed, bytes, length);
        for (int i = 0; i <= round % 4; i++) {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            /* Headers and the rule are the small and telling parts: half of the changes go there. */
            size_t at = random % 3 == 0 ? random / 7 % 44 : random % 3 == 1 ? length - 1 - random / 7 % 40
                                                                              : random / 7 % length;
            changed[at] = (unsigned char)(random >> 40);
        }
        incload__zone *zone;
        if (parse(changed, length, &zone) == INCLOAD_OK) {
            ask(zone);
            accepted++;
        } else
            refused++;
        incload__zone_free(zone);
    }
    ck_assert_int_gt(accepted, 1000);
    ck_assert_int_gt(refused, 1000);
}
END_TEST

START_TEST(rules_are_read_whole_or_not_at_all)
{
    static const char *const taken[] = { "UTC0", "CET-1CEST,M3.5.0,M10.5.0/3", "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0",
                                         "IST-1GMT0,M10.5.0,M3.5.0/1", "<-03>3<-02>,M3.5.0/-2,M10.5.0/-1",
                                         "EST5EDT,0/0,J365/25", "IST-2IDT,M3.4.4/26,M10.5.0", "AAA24",
                                         "ABC-0:00:01DEF,J60,300/-167:59:59" };
    static const char *const refused[] = { "", "U0", "UTC", "UTC0 ", "UTC25", "UTC0:60", "CET-1CEST",
                                           "CET-1CEST,M3.5.0", "CET-1CEST,M13.5.0,M10.5.0", "CET-1CEST,M3.6.0,M10.5.0",
                                           "CET-1CEST,M3.5.7,M10.5.0", "CET-1CEST,J0,J5", "CET-1CEST,J366,J5",
                                           "CET-1CEST,366,J5", "CET-1CEST,M3.5.0/168,M10.5.0",
                                           "CET-1CEST,M3.5.0,M10.5.0/3x", "<+01-1", "<+1>-1", "12-1",
                                           "CET-99999999999",
                                           "UTC0:00:60" };
    incload__tzrule rule;

    for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++)
        ck_assert_msg(incload__tzrule_parse(taken[i], strlen(taken[i]), &rule), "'%s'", taken[i]);
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        ck_assert_msg(!incload__tzrule_parse(refused[i], strlen(refused[i]), &rule), "'%s'", refused[i]);
}
END_TEST

static void
changes_at(const char *text, int64_t year, int64_t first_day, int64_t second_day)
{
    incload__tzrule rule;
    incload__tzrule_event events[2];
    int64_t january = incload__days_from_civil(year, 1, 1);

    ck_assert(incload__tzrule_parse(text, strlen(text), &rule));
    incload__tzrule_year(&rule, year, events);
    ck_assert_int_eq(events[0].at, (january + first_day) * 86400);
    ck_assert_int_eq(events[1].at, (january + second_day) * 86400);
}

START_TEST(days_of_a_rule_are_counted_with_or_without_the_leap_day)
{
    changes_at("AAA0BBB0,J59/0,J60/0", 2024, 58, 60);
    changes_at("AAA0BBB0,J59/0,J60/0", 2023, 58, 59);
    changes_at("AAA0BBB0,58/0,59/0", 2024, 58, 59);
    /* 1969-03-30 and 1969-10-26 were the last Sundays of their months. */
    changes_at("AAA0BBB0,M3.5.0/0,M10.5.0/0", 1969, 88, 298);
}
END_TEST

/* Summer time all the year round is written as one that ends when it begins. */
START_TEST(a_rule_of_everlasting_summer_never_changes_the_clock)
{
    parts summer = good;
    incload__zone *zone;

    summer.offsets[0] = -4 * 3600;
    summer.footer = "\nEST5EDT,0/0,J365/25\n";
    file whole = make(&summer);
    ck_assert_int_eq(parse(whole.bytes, whole.length, &zone), INCLOAD_OK);
    for (int64_t year = 1971; year < 2100; year++) {
        int64_t january = incload__days_from_civil(year, 1, 1) * 86400;
        incload__zone_span span = incload__zone_span_at(zone, january + 5 * 3600);
        ck_assert_int_eq(span.offset, -4 * 3600);
        ck_assert(span.to == INT64_MAX);
    }
    incload__zone_free(zone);
}
END_TEST

/* Three stretches within the reach of one offset: the clock of the middle one alone is seen once. */
START_TEST(a_clock_that_comes_twice_within_hours_is_found_at_its_last)
{
    parts quick = good;
    incload__zone *zone;
    int64_t first, last;

    quick.changes[1] = 100000;
    quick.offsets[1] = -3600;
    file whole = make(&quick);
    ck_assert_int_eq(parse(whole.bytes, whole.length, &zone), INCLOAD_OK);
    /* 01:00 at the offset +1 ends at 1000; from there to 100000 the clock is two hours behind. */
    ck_assert_int_eq(incload__zone_instants(zone, 1000 + 3600 - 1, &first, &last), INCLOAD__CLOCK_TWICE);
    ck_assert_int_eq(first, 999);
    ck_assert_int_eq(last, 999 + 7200);
    ck_assert_int_eq(incload__zone_instants(zone, 99999 - 3600, &first, &last), INCLOAD__CLOCK_ONCE);
    ck_assert_int_eq(first, 99999);
    incload__zone_free(zone);

    /* Over before the clock of `first` would come again in it. */
    quick.changes[1] = 1500;
    whole = make(&quick);
    ck_assert_int_eq(parse(whole.bytes, whole.length, &zone), INCLOAD_OK);
    ck_assert_int_eq(incload__zone_instants(zone, 900 + 3600, &first, &last), INCLOAD__CLOCK_ONCE);
    ck_assert_int_eq(first, 900);
    incload__zone_free(zone);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_test(tests, a_small_file_is_read);
    tcase_add_test(tests, a_change_of_name_alone_is_no_change_of_the_clock);
    tcase_add_test(tests, files_that_contradict_themselves_are_refused);
    tcase_add_test(tests, a_file_cut_anywhere_is_refused);
    tcase_add_test(tests, files_with_changed_bytes_are_read_or_refused_and_nothing_else);
    tcase_add_test(tests, rules_are_read_whole_or_not_at_all);
    tcase_add_test(tests, days_of_a_rule_are_counted_with_or_without_the_leap_day);
    tcase_add_test(tests, a_clock_that_comes_twice_within_hours_is_found_at_its_last);
    tcase_add_test(tests, a_rule_of_everlasting_summer_never_changes_the_clock);
}

HARNESS_MAIN("tzif", add_tests)
