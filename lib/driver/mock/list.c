/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/mock/mock.h"

#include <string.h>

#include "base/utf8.h"

bool
incload__mock_push(incload__mock_list *list, void *item)
{
    if (list->count == list->capacity) {
        int64_t capacity = list->capacity > 0 ? list->capacity * 2 : 8;
        void **items = incload__realloc(INCLOAD__MOCK_MEM, list->items, (size_t)capacity * sizeof *items);
        if (items == NULL)
            return false;
        list->items = items;
        list->capacity = capacity;
    }
    list->items[list->count++] = item;
    return true;
}

void
incload__mock_list_free_texts(incload__mock_list *list)
{
    for (int64_t i = 0; i < list->count; i++)
        incload__free(INCLOAD__MOCK_MEM, list->items[i]);
    incload__free(INCLOAD__MOCK_MEM, list->items);
    *list = (incload__mock_list){ 0 };
}

static const char *
element_end(const char *text)
{
    int depth = 0;

    for (; *text != '\0' && (*text != ',' || depth > 0); text++)
        depth += (*text == '(') - (*text == ')');
    return text;
}

bool
incload__mock_split(incload__mock_list *list, const char *text)
{
    for (;;) {
        const char *end = element_end(text);
        const char *last = end;
        while (text < last && incload__is_space(*text))
            text++;
        while (last > text && incload__is_space(last[-1]))
            last--;
        char *element = incload__strndup(INCLOAD__MOCK_MEM, text, (size_t)(last - text));
        if (element == NULL || !incload__mock_push(list, element)) {
            incload__free(INCLOAD__MOCK_MEM, element);
            return false;
        }
        if (*end == '\0')
            return true;
        text = end + 1;
    }
}

static bool
all_text(incload__mock_list *types, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        char *type = incload__strdup(INCLOAD__MOCK_MEM, "text");
        if (type == NULL || !incload__mock_push(types, type)) {
            incload__free(INCLOAD__MOCK_MEM, type);
            return false;
        }
    }
    return true;
}

static bool
has_empty(const incload__mock_list *list)
{
    for (int64_t i = 0; i < list->count; i++) {
        if (((const char *)list->items[i])[0] == '\0')
            return true;
    }
    return false;
}

int32_t
incload__mock_shape_read(incload__mock_shape *shape, const char *columns, const char *types, incload_error **err)
{
    if (columns == NULL)
        return incload__fail(err, INCLOAD_E_INVALID, "columns must not be NULL");
    if (!incload__mock_split(&shape->names, columns))
        return incload__fail_memory(err);
    bool read = types != NULL ? incload__mock_split(&shape->types, types) : all_text(&shape->types, shape->names.count);
    if (!read)
        return incload__fail_memory(err);
    if (has_empty(&shape->names) || has_empty(&shape->types))
        return incload__fail(err, INCLOAD_E_INVALID,
                             "a column's name or type is empty: write them as \"id,name\" and \"bigint,text\"");
    if (shape->names.count != shape->types.count)
        return incload__fail(err, INCLOAD_E_INVALID, "%d columns but %d types", (int)shape->names.count,
                             (int)shape->types.count);
    return INCLOAD_OK;
}

void
incload__mock_shape_free(incload__mock_shape *shape)
{
    incload__mock_list_free_texts(&shape->names);
    incload__mock_list_free_texts(&shape->types);
}
