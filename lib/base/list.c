/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of names in an option: commas between, odd names in double quotes, an alias behind a colon. */
#include "base/option.h"

#include <string.h>

#include "base/utf8.h"

static void
skip_spaces(const char **at)
{
    while (incload__is_space(**at))
        (*at)++;
}

/* Reads one name into `name`; moves *at behind it and the spaces that follow. */
static int32_t
read_name(const char *what, const char **at, incload__str *name, incload_error **err)
{
    const char *p = *at;

    incload__str_clear(name);
    if (*p == '"') {
        for (p++; *p != '"' || p[1] == '"'; p++) {
            if (*p == '\0')
                return incload__fail(err, INCLOAD_E_INVALID, "option '%s' has a name without its closing double quote",
                                     what);
            p += *p == '"';
            incload__str_add_char(name, *p);
        }
        p++;
    } else {
        size_t length = strcspn(p, ",:\"");
        size_t used = length;
        while (used > 0 && incload__is_space(p[used - 1]))
            used--;
        incload__str_add_bytes(name, p, used);
        p += length;
    }
    skip_spaces(&p);
    *at = p;
    if (name->failed)
        return incload__fail_memory(err);
    if (name->length == 0)
        return incload__fail(err, INCLOAD_E_INVALID, "option '%s' has an empty name in its list", what);
    if (*p != '\0' && *p != ',' && *p != ':')
        return incload__fail(err, INCLOAD_E_INVALID, "option '%s' needs a comma between names", what);
    return INCLOAD_OK;
}

static int32_t
read_item(const char *what, const char **at, incload__list *list, incload__str *name, incload_error **err)
{
    /* Room doubles: it is grown whenever the count is a power of two. */
    if ((list->count & (list->count - 1)) == 0) {
        size_t room = list->count == 0 ? 1 : (size_t)list->count * 2;
        incload__list_item *items = incload__realloc(list->mem, list->items, room * sizeof *items);
        if (items == NULL)
            return incload__fail_memory(err);
        list->items = items;
    }
    incload__list_item *item = &list->items[list->count];
    item->alias = NULL;

    int32_t status = read_name(what, at, name, err);
    if (status != INCLOAD_OK)
        return status;
    item->name = incload__strdup(list->mem, incload__str_text(name));
    if (item->name == NULL)
        return incload__fail_memory(err);
    list->count++;
    if (**at != ':')
        return INCLOAD_OK;

    (*at)++;
    skip_spaces(at);
    status = read_name(what, at, name, err);
    if (status != INCLOAD_OK)
        return status;
    if (**at == ':')
        return incload__fail(err, INCLOAD_E_INVALID, "option '%s' has two colons in one item of its list", what);
    item->alias = incload__strdup(list->mem, incload__str_text(name));
    return item->alias != NULL ? INCLOAD_OK : incload__fail_memory(err);
}

int32_t
incload__list_parse(const incload__mem *mem, const char *what, const char *text, incload__list *out,
                    incload_error **err)
{
    incload__str name = INCLOAD__STR(mem);
    int32_t status = INCLOAD_OK;
    const char *p = text != NULL ? text : "";

    memset(out, 0, sizeof *out);
    out->mem = mem;
    skip_spaces(&p);
    while (*p != '\0') {
        status = read_item(what, &p, out, &name, err);
        if (status != INCLOAD_OK || *p == '\0')
            break;
        p++;
        skip_spaces(&p);
        if (*p == '\0')
            status = incload__fail(err, INCLOAD_E_INVALID, "option '%s' ends in a comma", what);
    }
    incload__str_free(&name);
    if (status != INCLOAD_OK)
        incload__list_free(out);
    return status;
}

void
incload__list_free(incload__list *list)
{
    for (int32_t i = 0; i < list->count; i++) {
        incload__free(list->mem, list->items[i].name);
        incload__free(list->mem, list->items[i].alias);
    }
    if (list->mem != NULL)
        incload__free(list->mem, list->items);
    list->items = NULL;
    list->count = 0;
}
