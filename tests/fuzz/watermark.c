/* SPDX-License-Identifier: Apache-2.0 */
/* The watermark's document: what is read is written, read again and written the same; the rest is an error that names
 * the remedy. */
#include "input.h"
#include "state/mark.h"

static bool
is_same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static void
check_sound(const incload__mark *mark)
{
    fuzz_check(mark->kind >= INCLOAD__MARK_CURSOR && mark->kind <= INCLOAD__MARK_WRITER, "the kind is known");
    fuzz_check(mark->done_count >= 0 && mark->done_count <= INCLOAD__MARK_DONE_LIMIT, "transactions are bounded");
    fuzz_check(mark->flight_count >= 0 && mark->flight_count <= INCLOAD__MARK_FLIGHT_LIMIT, "flights are bounded");
    for (int32_t i = 0; i < mark->flight_count; i++)
        fuzz_check(mark->flights[i].who != NULL, "a flight has a name");
}

static void
check_same(const incload__mark *a, const incload__mark *b)
{
    fuzz_check(a->kind == b->kind && is_same_text(a->column, b->column) && is_same_text(a->type, b->type)
                   && is_same_text(a->value, b->value),
               "the position is kept");
    if (a->kind == INCLOAD__MARK_CURSOR && a->deep_clock == 0 && a->clock == 0)
        return;
    fuzz_check(is_same_text(a->source, b->source) && is_same_text(a->table, b->table)
                   && is_same_text(a->policy, b->policy) && a->started == b->started && a->clock == b->clock
                   && a->xmin == b->xmin && a->deep_xmin == b->deep_xmin && a->deep_clock == b->deep_clock
                   && a->lateness == b->lateness && a->late_rows == b->late_rows,
               "the horizon is kept");
    fuzz_check(a->done_overflow == b->done_overflow && a->done_count == b->done_count
                   && (a->done_count == 0 || memcmp(a->done, b->done, (size_t)a->done_count * sizeof *a->done) == 0),
               "the transactions are kept");
    fuzz_check(a->flight_count == b->flight_count, "the flights are kept");
    for (int32_t i = 0; i < a->flight_count; i++)
        fuzz_check(is_same_text(a->flights[i].who, b->flights[i].who) && a->flights[i].known == b->flights[i].known
                       && (!a->flights[i].known || a->flights[i].bound == b->flights[i].bound),
                   "each flight is kept");
}

static void
write_and_read(incload__mark *mark)
{
    incload__str first = INCLOAD__STR(&incload__mem_libc), second = INCLOAD__STR(&incload__mem_libc);
    incload__mark again;

    check_sound(mark);
    incload__mark_describe(mark, &first);
    fuzz_check(first.length > 0, "it can be told");
    incload__str_clear(&first);
    incload__mark_init(&again, &incload__mem_libc);
    fuzz_check(incload__mark_print(mark, &first, NULL) == INCLOAD_OK, "what was read is written");
    fuzz_check(incload__mark_parse(first.data, &again, NULL) == INCLOAD_OK, "what was written is read");
    check_same(mark, &again);
    fuzz_check(incload__mark_print(&again, &second, NULL) == INCLOAD_OK, "and written");
    fuzz_check(strcmp(first.data, second.data) == 0, "the same");
    incload__mark_free(&again);
    incload__str_free(&first);
    incload__str_free(&second);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    input in = { data, size };
    char *document = take_rest(&in);
    incload_error *err = NULL;
    incload__mark mark;

    incload__mark_init(&mark, &incload__mem_libc);
    int32_t status = incload__mark_parse(document, &mark, &err);
    if (status == INCLOAD_OK) {
        write_and_read(&mark);
        incload__mark_sort_done(&mark);
        write_and_read(&mark);
    } else {
        fuzz_check(strstr(incload_error_message(err), "reset") != NULL
                       || strstr(incload_error_message(err), "transactions") != NULL,
                   "a refused document's error names the remedy");
    }
    check_outcome(status, &err, NULL);
    incload__mark_free(&mark);
    free(document);
    return 0;
}
