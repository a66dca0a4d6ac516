/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "verifying.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *verify_always = "";

static incload_verification *
run(const load *what, const char *options, incload_error **err)
{
    incload_step *step = load_step(what, err);
    char *all = NULL;

    ck_assert_int_ge(asprintf(&all, "%s %s", verify_always, options != NULL ? options : ""), 0);
    incload_verification *found = incload_verify(step, all, err);
    free(all);
    incload_step_unref(step);
    return found;
}

incload_verification *
verify_ok(const load *what, const char *options)
{
    incload_error *err = NULL;
    incload_verification *found = run(what, options, &err);

    ck_assert_msg(err == NULL, "%s to %s: %s: %s", kind_names[what->from.kind], kind_names[what->to.kind],
                  incload_error_name(err), incload_error_message(err));
    ck_assert_ptr_nonnull(found);
    return found;
}

char *
difference_text(const incload_verification *found, int32_t index)
{
    static const char *const kinds[] = { "?", "MISSING", "EXTRA", "CHANGED", "DUPLICATED" };
    const char *columns = incload_verification_difference_columns(found, index);
    char *text = NULL;

    ck_assert_int_gt(asprintf(&text, "%s %s%s%s%s", kinds[incload_verification_difference_kind(found, index)],
                              incload_verification_difference_key(found, index), columns[0] != '\0' ? " (" : "",
                              columns, columns[0] != '\0' ? ")" : ""), 0);
    return text;
}

static int
by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static char *
listed(const incload_verification *found)
{
    int32_t count = incload_verification_difference_count(found);
    char **lines = calloc((size_t)count + 1, sizeof *lines), *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    for (int32_t i = 0; i < count; i++)
        lines[i] = difference_text(found, i);
    qsort(lines, (size_t)count, sizeof *lines, by_text);
    for (int32_t i = 0; i < count; i++) {
        fprintf(out, "%s%s", i > 0 ? "\n" : "", lines[i]);
        free(lines[i]);
    }
    fclose(out);
    free(lines);
    return text;
}

static void
check_whole(const load *what, const incload_verification *found)
{
    bool equal = incload_verification_is_equal(found) == 1;
    bool same = strcmp(incload_verification_source_digest(found), incload_verification_target_digest(found)) == 0;

    ck_assert_uint_eq(strlen(incload_verification_source_digest(found)), 32);
    ck_assert_int_eq(incload_verification_is_exact(found), 1);
    ck_assert_msg(incload_verification_pending(found) > 0 || equal == same, "%s to %s: %s, but the digests say %s",
                  kind_names[what->from.kind], kind_names[what->to.kind], equal ? "equal" : "not equal",
                  same ? "equal" : "not equal");
}

void
verify_equal(const load *what, const char *options, int64_t rows)
{
    incload_verification *found = verify_ok(what, options);
    char *text = listed(found);

    ck_assert_msg(incload_verification_is_equal(found) == 1, "%s to %s: not equal:\n%s", kind_names[what->from.kind],
                  kind_names[what->to.kind], text);
    check_whole(what, found);
    ck_assert_int_eq(incload_verification_source_rows(found), rows);
    ck_assert_int_eq(incload_verification_target_rows(found), rows);
    ck_assert_int_eq(incload_verification_difference_count(found), 0);
    free(text);
    incload_verification_unref(found);
}

void
verify_counts(const load *what, const char *options, differences expected)
{
    incload_verification *found = verify_ok(what, options);
    differences got = { incload_verification_missing(found), incload_verification_extra(found),
                        incload_verification_changed(found), incload_verification_duplicated(found) };
    char *text = listed(found);

    ck_assert_msg(memcmp(&got, &expected, sizeof got) == 0,
                  "%s to %s: %lld missing, %lld extra, %lld changed, %lld duplicated instead of %lld, %lld, %lld, "
                  "%lld:\n%.2000s",
                  kind_names[what->from.kind], kind_names[what->to.kind], (long long)got.missing, (long long)got.extra,
                  (long long)got.changed, (long long)got.duplicated, (long long)expected.missing,
                  (long long)expected.extra, (long long)expected.changed, (long long)expected.duplicated, text);
    check_whole(what, found);
    free(text);
    incload_verification_unref(found);
}

void
verify_lists(const load *what, const char *options, const char *expected)
{
    incload_verification *found = verify_ok(what, options);
    char *text = listed(found);

    ck_assert_msg(strcmp(text, expected) == 0, "%s to %s, by %s:\n%s\ninstead of\n%s", kind_names[what->from.kind],
                  kind_names[what->to.kind], incload_verification_digest(found), text, expected);
    check_whole(what, found);
    ck_assert_int_eq(incload_verification_is_equal(found), expected[0] == '\0');
    free(text);
    incload_verification_unref(found);
}

void
verify_fails(const load *what, const char *options, int32_t code, const char *words)
{
    incload_error *err = NULL;
    incload_verification *found = run(what, options, &err);

    ck_assert_msg(err != NULL, "%s to %s: should fail with %s (%s)", kind_names[what->from.kind],
                  kind_names[what->to.kind], incload_status_name(code), words);
    ck_assert_ptr_null(found);
    ck_assert_msg(incload_error_code(err) == code, "%s to %s: %s instead of %s: %s", kind_names[what->from.kind],
                  kind_names[what->to.kind], incload_error_name(err), incload_status_name(code),
                  incload_error_message(err));
    expect_words(incload_error_message(err), words);
    incload_error_unref(err);
}
