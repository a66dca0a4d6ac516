/* SPDX-License-Identifier: Apache-2.0 */
#include "state/statement.h"

#include <string.h>

#include "base/utf8.h"
#include "driver/failpoint.h"

incload__number
incload__as_number(int64_t value)
{
    incload__number out;
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    char reversed[24];
    size_t digits = 0;

    do {
        reversed[digits++] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    out.length = 0;
    if (value < 0)
        out.text[out.length++] = '-';
    while (digits > 0)
        out.text[out.length++] = reversed[--digits];
    out.text[out.length] = '\0';
    return out;
}

int64_t
incload__to_number(const char *text)
{
    int64_t value = 0;

    if (text != NULL)
        incload__parse_int64(text, strlen(text), &value);
    return value;
}

incload__param
incload__text_param(const char *text)
{
    return (incload__param){ text, text != NULL ? strlen(text) : 0, INCLOAD__TEXT };
}

incload__param
incload__number_param(const incload__number *value)
{
    return (incload__param){ value->text, value->length, INCLOAD__INT64 };
}

void
incload__placeholder(const incload__dialect *dialect, incload__str *out, int32_t index)
{
    if (dialect->numbered_params)
        incload__str_addf(out, "$%d", (int)index);
    else
        incload__str_add_char(out, '?');
}

static const char *
table_named(const incload__ledger *ledger, const char *name, size_t length)
{
    const struct {
        const char *name;
        const char *quoted;
    } known[] = {
        { "watermark", ledger->watermark },
        { "history", ledger->history },
        { "run", ledger->run },
        { "lease", ledger->lease },
        { "beat", ledger->beat },
        { "meta", ledger->meta },
        { "reject", ledger->reject },
        { "loaded", ledger->loaded },
        { "object", ledger->object },
        { "pipeline_run", ledger->pipeline_run },
        { "run_key", ledger->run_key },
        { "unit", ledger->unit },
        { "step", ledger->step },
        { "worker", ledger->worker },
        { "applied", ledger->applied },
        { "coverage", ledger->coverage },
        { "rate", ledger->rate },
        { "epoch", ledger->epoch },
        { "unit_ready", ledger->unit_ready },
        { "unit_running", ledger->unit_running },
    };

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strlen(known[i].name) == length && memcmp(known[i].name, name, length) == 0)
            return known[i].quoted;
    }
    return NULL;
}

static void
add_word(const incload__ledger *ledger, const incload__conn *conn, incload__str *out, const char *name, size_t length)
{
    const char *table = table_named(ledger, name, length);

    if (table != NULL) {
        incload__str_add(out, table);
    } else if (strncmp(name, "now", length) == 0 && ledger->dialect->now_us != NULL) {
        incload__str_add(out, ledger->dialect->now_us);
    } else if (strncmp(name, "now", length) == 0) {
        incload__number now = incload__as_number(incload__wall_us(conn->env));
        incload__str_add(out, now.text);
    } else {
        incload__str_add(out, ledger->dialect->session_id != NULL ? ledger->dialect->session_id : "NULL");
    }
}

void
incload__state_sql(const incload__ledger *ledger, const incload__conn *conn, incload__str *out, const char *text)
{
    int32_t count = 0;

    for (; *text != '\0'; text++) {
        if (*text == '?') {
            incload__placeholder(ledger->dialect, out, ++count);
        } else if (*text == '{') {
            size_t length = strcspn(text + 1, "}");
            add_word(ledger, conn, out, text + 1, length);
            text += 1 + length;
        } else {
            incload__str_add_char(out, *text);
        }
    }
}

/* At once, or with the next statement where `posted` is not NULL. */
static int32_t
put(const incload__ledger *ledger, incload__conn *conn, const char *text, const incload__param *params, int32_t count,
    int64_t *affected, incload__posted *posted, incload_error **err)
{
    incload__str sql = INCLOAD__STR(ledger->mem);

    incload__state_sql(ledger, conn, &sql, text);
    conn->repeats = true;
    int32_t status = sql.failed ? incload__fail_memory(err) : INCLOAD_OK;
    INCLOAD__FAILPOINT_ON(status, conn, "ledger.write.before", INCLOAD_E_CONFLICT, err);
    if (status == INCLOAD_OK && posted == NULL)
        status = conn->driver->execute(conn, incload__str_text(&sql), params, count, affected, err);
    else if (status == INCLOAD_OK)
        status = incload__conn_post(conn, incload__str_text(&sql), params, count, posted, err);
    INCLOAD__FAILPOINT_ON(status, conn, "ledger.write.after", INCLOAD_E_CONNECT, err);
    conn->repeats = false;
    incload__str_free(&sql);
    return status;
}

int32_t
incload__state_execute(const incload__ledger *ledger, incload__conn *conn, const char *text,
                       const incload__param *params, int32_t count, int64_t *affected, incload_error **err)
{
    return put(ledger, conn, text, params, count, affected, NULL, err);
}

int32_t
incload__state_post(const incload__ledger *ledger, incload__conn *conn, const char *text, const incload__param *params,
                    int32_t count, incload__posted *out, incload_error **err)
{
    return put(ledger, conn, text, params, count, NULL, out, err);
}

int32_t
incload__state_select(const incload__ledger *ledger, incload__conn *conn, const char *text,
                      const incload__param *params, int32_t count, incload__rows *rows, incload_error **err)
{
    incload__str sql = INCLOAD__STR(ledger->mem);

    *rows = (incload__rows){ .mem = ledger->mem };
    incload__state_sql(ledger, conn, &sql, text);
    conn->repeats = true;
    int32_t status = sql.failed ? incload__fail_memory(err) : INCLOAD_OK;
    INCLOAD__FAILPOINT_ON(status, conn, "ledger.read", INCLOAD_E_CONNECT, err);
    if (status == INCLOAD_OK)
        status = conn->driver->select(conn, incload__str_text(&sql), params, count, rows, err);
    conn->repeats = false;
    incload__str_free(&sql);
    return status;
}

int32_t
incload__state_inserted(const incload__ledger *ledger, int64_t affected, incload_error **err)
{
    if (affected == 1)
        return INCLOAD_OK;
    return incload__fail(err, INCLOAD_E_STATE,
                         "the ledger '%s' did not take a row (%lld in place of 1): no trigger or rule may stand "
                         "on its tables",
                         ledger->place, (long long)affected);
}

int32_t
incload__state_insert(const incload__ledger *ledger, incload__conn *conn, const char *text,
                      const incload__param *params, int32_t count, incload_error **err)
{
    int64_t affected = -1;
    int32_t status = incload__state_execute(ledger, conn, text, params, count, &affected, err);

    return status == INCLOAD_OK ? incload__state_inserted(ledger, affected, err) : status;
}
