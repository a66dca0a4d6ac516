/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "groups.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char shop_order_columns[] = "id:i at:t customer:s";
const char shop_line_columns[] = "id:i order_id:i at:t article:s";

static char *
name_of(const char *name, const char *what, int32_t route)
{
    char *text = NULL;

    ck_assert_int_gt(asprintf(&text, "%s_%s_%d", name, what, (int)route), 0);
    return text;
}

shop
shop_begin(const char *name, int32_t route, const char *options)
{
    static const char *const whats[] = { "orders", "lines", "orders_copy", "lines_copy" };
    shop s = { .number = route };

    route_open(route, &s.from, &s.to);
    for (size_t i = 0; i < sizeof whats / sizeof whats[0]; i++)
        s.texts[i] = name_of(name, whats[i], route);
    table_make(s.from, s.texts[0], shop_order_columns, "id");
    table_make(s.from, s.texts[1], shop_line_columns, "id");
    table_drop(s.to, s.texts[2]);
    table_drop(s.to, s.texts[3]);
    s.orders = (load){ .from = s.from, .to = s.to, .table = s.texts[0], .target = s.texts[2], .options = options };
    s.lines = (load){ .from = s.from, .to = s.to, .table = s.texts[1], .target = s.texts[3], .options = options };
    return s;
}

void
shop_end(shop *s)
{
    for (int i = 0; i < 4; i++)
        table_drop(i < 2 ? s->from : s->to, s->texts[i]);
    route_close(s->from, s->to);
    for (int i = 0; i < 4; i++)
        free(s->texts[i]);
}

void
shop_sell(shop *s, int64_t order, int64_t lines)
{
    char values[200];

    snprintf(values, sizeof values, "(%lld, '2024-03-01 10:%02d:%02d.000000', 'a')", (long long)order,
             (int)(order / 60 % 60), (int)(order % 60));
    table_add(s->from, s->texts[0], values);
    for (int64_t i = 0; i < lines; i++) {
        snprintf(values, sizeof values, "(%lld, %lld, '2024-03-01 10:%02d:%02d.000000', 'b')",
                 (long long)(order * 10 + i), (long long)order, (int)(order / 60 % 60), (int)(order % 60));
        table_add(s->from, s->texts[1], values);
    }
}

incload_step *
shop_group(shop *s, incload_step **orders, incload_step **lines, incload_error **err)
{
    incload_step *loads[] = { load_step(&s->orders, err), load_step(&s->lines, err) };
    incload_step *group = incload_step_new_group(loads, 2, "name=shop", err);

    if (orders != NULL)
        *orders = incload_step_ref(loads[0]);
    if (lines != NULL)
        *lines = incload_step_ref(loads[1]);
    incload_step_unref(loads[0]);
    incload_step_unref(loads[1]);
    return group;
}

incload_run *
shop_run(shop *s, const char *options, incload_error **err)
{
    incload_step *group = shop_group(s, NULL, NULL, err);
    incload_run *run = incload_step_run(group, options, err);

    incload_step_unref(group);
    return run;
}

incload_run *
shop_ok(shop *s)
{
    incload_error *err = NULL;
    incload_run *run = shop_run(s, NULL, &err);

    ck_assert_msg(err == NULL, "%s to %s: %s: %s", kind_names[s->from.kind], kind_names[s->to.kind],
                  incload_error_name(err), incload_error_message(err));
    ck_assert_int_eq(incload_run_status(run), INCLOAD_STATUS_SUCCESS);
    return run;
}

void
shop_fails(shop *s, const char *options, int32_t code, const char *words)
{
    incload_error *err = NULL;
    incload_run *run = shop_run(s, options, &err);

    ck_assert_msg(incload_error_code(err) == code, "%s to %s: %s instead of %s: %s", kind_names[s->from.kind],
                  kind_names[s->to.kind], incload_error_name(err), incload_status_name(code),
                  incload_error_message(err));
    expect_words(incload_error_message(err), words);
    ck_assert_int_eq(incload_run_status(run), INCLOAD_STATUS_FAILED);
    ck_assert_int_eq(incload_run_rows_written(run), 0);
    incload_error_unref(err);
    incload_run_unref(run);
}

void
shop_expect_equal(shop *s)
{
    expect_equal(s->from, s->to, s->texts[0], s->texts[2], shop_order_columns);
    expect_equal(s->from, s->to, s->texts[1], s->texts[3], shop_line_columns);
}

int64_t
shop_strays(place at, const char *orders, const char *lines)
{
    return ask_number(at,
                      "SELECT COUNT(*) AS c FROM %s l WHERE NOT EXISTS (SELECT 1 FROM %s o WHERE o.id = l.order_id)",
                      lines, orders);
}

int64_t
shop_version(shop *s, const char *name)
{
    incload_error *err = NULL;
    incload_watermark *mark = incload_watermark_open(s->to.db, name, &err);
    int64_t version = mark != NULL ? incload_watermark_version(mark) : 0;

    incload_error_unref(err);
    incload_watermark_unref(mark);
    return version;
}
