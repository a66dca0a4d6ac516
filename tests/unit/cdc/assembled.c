/* SPDX-License-Identifier: Apache-2.0 */
#include "assembled.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "cdc/image.h"

enum { MOST_COLUMNS = 8 };

void
told_begin(told *t, int32_t protocol, size_t memory, uint64_t after)
{
    incload__assembler_options options = { .protocol = protocol, .memory = memory, .after = after };
    incload_error *err = NULL;

    *t = (told){ .text = INCLOAD__STR(&incload__mem_libc), .open = INCLOAD__STR(&incload__mem_libc) };
    ck_assert_int_eq(incload__assembler_init(&t->assembler, &incload__mem_libc, &options, &err), INCLOAD_OK);
}

void
told_end(told *t)
{
    incload__assembler_free(&t->assembler);
    incload__str_free(&t->text);
    incload__str_free(&t->open);
}

static bool
is_open(const incload__assembled *item)
{
    return item->transaction != NULL && item->transaction->end_lsn == 0;
}

static void
add_place(told *t, const incload__assembled *item)
{
    if (!is_open(item)) {
        incload__place_print(item->place, &t->text);
        return;
    }
    ck_assert_uint_eq(item->place.major, item->transaction->lsn + 1);
    incload__str_addf(&t->text, "*.%llu", (unsigned long long)item->place.minor);
}

static void
add_closed(told *t, uint64_t end)
{
    const char *at = incload__str_text(&t->open);

    for (; *at != '\0'; at++) {
        if (*at == '*')
            incload__str_addf(&t->text, "%llu", (unsigned long long)end);
        else
            incload__str_add_char(&t->text, *at);
    }
    incload__str_clear(&t->open);
}

static void
add_cells(told *t, const incload__relation *relation, const incload__cell *cells, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        incload__str_addf(&t->text, " %s=", relation->columns[cells[i].column].name);
        if (cells[i].text != NULL)
            incload__str_add_bytes(&t->text, cells[i].text, cells[i].length);
        else
            incload__str_add(&t->text, "-");
    }
}

static void
add_change(told *t, const incload__assembled *item, incload_error **err)
{
    static const char *const names[] = { "?", "insert", "update", "delete", "truncate" };
    incload__cell row[MOST_COLUMNS], old[MOST_COLUMNS];
    int32_t row_count = 0, old_count = 0;

    incload__str_addf(&t->text, "%s %s ", names[item->operation], item->relation->name);
    add_place(t, item);
    if (item->operation == INCLOAD_CHANGE_TRUNCATE)
        return;
    if (incload__image_read(item, row, &row_count, old, &old_count, err) != INCLOAD_OK)
        return;
    add_cells(t, item->relation, row, row_count);
    if (old_count > 0)
        incload__str_add(&t->text, " was");
    add_cells(t, item->relation, old, old_count);
}

static void
add_begin(told *t, const incload__assembled_transaction *transaction)
{
    incload__str_addf(&t->text, "begin %u @", transaction->xid);
    if (transaction->end_lsn != 0)
        incload__str_addf(&t->text, "%llu", (unsigned long long)transaction->end_lsn);
    else
        incload__str_add_char(&t->text, '*');
    if (transaction->streamed)
        incload__str_add(&t->text, " streamed");
    if (transaction->gid != NULL)
        incload__str_addf(&t->text, " gid=%s", transaction->gid);
    if (transaction->origin != NULL)
        incload__str_addf(&t->text, " origin=%s", transaction->origin);
}

static void
add_item(told *t, const incload__assembled *item, incload_error **err)
{
    switch (item->kind) {
    case INCLOAD__ASSEMBLED_BEGIN:
        add_begin(t, item->transaction);
        break;
    case INCLOAD__ASSEMBLED_RELATION:
        incload__str_addf(&t->text, "relation %s v%d", item->relation->name, item->relation->version);
        break;
    case INCLOAD__ASSEMBLED_CHANGE:
        add_change(t, item, err);
        break;
    case INCLOAD__ASSEMBLED_MESSAGE:
        incload__str_addf(&t->text, "message %s ", item->message.name.data);
        incload__str_add_bytes(&t->text, item->message.content, item->message.content_length);
        incload__str_add_char(&t->text, ' ');
        add_place(t, item);
        break;
    default:
        incload__str_add(&t->text, "commit ");
        add_place(t, item);
    }
    incload__str_add_char(&t->text, '\n');
}

static void
take_item(told *t, const incload__assembled *item, incload_error **err)
{
    incload__str before = t->text;

    if (!is_open(item)) {
        if (item->transaction != NULL)
            add_closed(t, item->transaction->end_lsn);
        add_item(t, item, err);
        return;
    }
    t->text = t->open;
    add_item(t, item, err);
    t->open = t->text;
    t->text = before;
}

/* The message lies in memory of just its size, so that a tool sees what reads behind it. */
int32_t
told_try(told *t, const wire *w, incload_error **err)
{
    unsigned char *exact = malloc(w->length + (w->length == 0));
    incload__assembled item = { .kind = INCLOAD__ASSEMBLED_BEGIN };

    ck_assert_ptr_nonnull(exact);
    memcpy(exact, w->bytes, w->length);
    int32_t status = incload__assembler_push(&t->assembler, exact, w->length, err);
    while (status == INCLOAD_OK && item.kind != INCLOAD__ASSEMBLED_NOTHING) {
        status = incload__assembler_next(&t->assembler, &item, err);
        if (status == INCLOAD_OK && item.kind != INCLOAD__ASSEMBLED_NOTHING) {
            take_item(t, &item, err);
            t->items++;
        }
    }
    free(exact);
    return status != INCLOAD_OK ? status : incload__entered_with(err);
}

void
told_push(told *t, const wire *w)
{
    incload_error *err = NULL;
    int32_t status = told_try(t, w, &err);

    ck_assert_msg(status == INCLOAD_OK, "%s", incload_error_message(err));
}

void
told_is(told *t, const char *expected)
{
    ck_assert_str_eq(incload__str_text(&t->text), expected);
    incload__str_clear(&t->text);
}
