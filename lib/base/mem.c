/* SPDX-License-Identifier: Apache-2.0 */
#define _DEFAULT_SOURCE
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

static void *
libc_allocate(size_t size, void *user_data)
{
    (void)user_data;
    return malloc(size);
}

static void *
libc_reallocate(void *block, size_t size, void *user_data)
{
    (void)user_data;
    return realloc(block, size);
}

static void
libc_release(void *block, void *user_data)
{
    (void)user_data;
    free(block);
}

const incload__mem incload__mem_libc = { libc_allocate, libc_reallocate, libc_release, NULL };

void *
incload__alloc(const incload__mem *mem, size_t size)
{
    void *block = mem->allocate(size > 0 ? size : 1, mem->user_data);

    if (block != NULL)
        memset(block, 0, size > 0 ? size : 1);
    return block;
}

void *
incload__alloc_array(const incload__mem *mem, size_t count, size_t size)
{
    size_t total;

    if (__builtin_mul_overflow(count, size, &total))
        return NULL;
    return incload__alloc(mem, total);
}

void *
incload__realloc(const incload__mem *mem, void *block, size_t size)
{
    if (block == NULL)
        return mem->allocate(size > 0 ? size : 1, mem->user_data);
    return mem->reallocate(block, size > 0 ? size : 1, mem->user_data);
}

void
incload__free(const incload__mem *mem, void *block)
{
    if (block != NULL)
        mem->release(block, mem->user_data);
}

char *
incload__strdup(const incload__mem *mem, const char *text)
{
    return incload__strndup(mem, text, strlen(text));
}

char *
incload__strndup(const incload__mem *mem, const char *text, size_t length)
{
    char *copy = incload__alloc(mem, length + 1);

    if (copy != NULL && length > 0)
        memcpy(copy, text, length);
    return copy;
}

void
incload__free_secret(const incload__mem *mem, char *text)
{
    if (text == NULL)
        return;
    explicit_bzero(text, strlen(text));
    incload__free(mem, text);
}
