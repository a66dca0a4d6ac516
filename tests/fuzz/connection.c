/* SPDX-License-Identifier: Apache-2.0 */
/* Connection strings with a password somewhere in them. Whatever becomes of the string: no message, and none of the
 * texts that go into logs and lineage, holds the password. One byte says where it stands, the others are the string's
 * text around it. */
#include "driver/mock/url.h"
#include "driver/odbc/connstr.h"
#include "driver/place.h"
#include "input.h"

static const char password[] = "Zq7Secret7qZ";

/* The shapes that people write, whole or broken; $ is the password, ~ text of the input. */
static const char *const shapes[] = {
    "odbc:Driver=SQLite3;Database=~;PWD=$;~",
    "odbc:PWD={$};Driver=~;~",
    "odbc:Driver=x;PWD={$~;Server=~",
    "odbc:Driver=x;~;PWD=$~",
    "odbc:DSN=~;Password=~$;~",
    "odbc:Driver=x;PWD=~;$~=~",
    "odbc:~;${~",
    "postgresql://~:$@~/~",
    "postgresql://me:~$@host~",
    "postgresql://me:$~@host/~",
    "postgresql://~/name?password=$~",
    "postgres://me:~@~$@host:5432/name?~",
    "mock:password=$;~",
    "mock:~$",
};
enum { SHAPES = sizeof shapes / sizeof shapes[0] };

/* False when the input has the password elsewhere. */
static bool
build(input *in, incload__str *out)
{
    const char *shape = shapes[take_byte(in) % SHAPES];
    bool alone = true;

    for (; *shape != '\0'; shape++) {
        if (*shape == '~') {
            char *text = take_text(in);
            incload__str_add(out, text);
            alone = alone && strstr(text, password) == NULL;
            free(text);
        } else if (*shape == '$') {
            incload__str_add(out, password);
        } else {
            incload__str_add_char(out, *shape);
        }
    }
    return alone;
}

static void
check_no_secret(const incload__str *text)
{
    fuzz_check(text->data == NULL || strstr(text->data, password) == NULL, "the password is in no text for people");
}

/* The items as they are written for the driver, read again. */
static void
check_written(const incload__connstr *list)
{
    incload__str text = INCLOAD__STR(&incload__mem_libc);
    incload__connstr again;

    incload__str_add(&text, "odbc:");
    incload__connstr_text(list, &incload__odbc_profile_unknown, false, 0, &text);
    fuzz_check(incload__connstr_parse(&incload__mem_libc, text.data, &again, NULL) == INCLOAD_OK, "it is read again");
    for (int32_t i = 0; i < list->count; i++) {
        const char *value = incload__connstr_get(&again, list->items[i].key);
        fuzz_check(value != NULL && strcmp(value, list->items[i].value) == 0, "with the same values");
    }
    incload__connstr_free(&again);
    incload__str_free(&text);
}

static void
read_odbc(const char *url)
{
    incload__str scrubbed = INCLOAD__STR(&incload__mem_libc);
    incload_error *err = NULL;
    incload__connstr list;
    int32_t status = incload__connstr_parse(&incload__mem_libc, url, &list, &err);

    if (status == INCLOAD_OK) {
        incload__connstr_scrubbed(&list, &scrubbed);
        check_no_secret(&scrubbed);
        check_written(&list);
        incload__connstr_free(&list);
    }
    check_outcome(status, &err, password);
    incload__str_free(&scrubbed);
}

static void
read_place(const char *url)
{
    incload__str space = INCLOAD__STR(&incload__mem_libc), base = INCLOAD__STR(&incload__mem_libc);

    incload__url_place(url, &space, &base);
    fuzz_check(space.length > 0, "every database has a place");
    check_no_secret(&space);
    check_no_secret(&base);
    incload__str_free(&space);
    incload__str_free(&base);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    incload__str url = INCLOAD__STR(&incload__mem_libc);
    input in = { data, size };
    incload_error *err = NULL;
    incload__mock_url mock;

    if (build(&in, &url)) {
        read_place(url.data);
        if (incload__ascii_prefix(url.data, "odbc:"))
            read_odbc(url.data);
        if (incload__ascii_prefix(url.data, "mock:"))
            check_outcome(incload__mock_url_read(url.data, &mock, &err), &err, password);
    }
    incload__str_free(&url);
    return 0;
}
