/* SPDX-License-Identifier: Apache-2.0 */
/* Memory: every allocation of the library goes through one of these, so a host can own it and a test can fail it. */
#ifndef INCLOAD_LIB_BASE_MEM_H
#define INCLOAD_LIB_BASE_MEM_H

#include <stddef.h>
#include <stdint.h>

typedef struct incload__mem {
    void *(*allocate)(size_t size, void *user_data);
    void *(*reallocate)(void *block, size_t size, void *user_data);
    void (*release)(void *block, void *user_data);
    void *user_data;
} incload__mem;

/* malloc, realloc and free: for objects that are made without a context. */
extern const incload__mem incload__mem_libc;

/* NULL on failure; zeroed. Size 0 is taken as 1, so NULL always means failure. */
void *incload__alloc(const incload__mem *mem, size_t size);
/* count * size, zeroed, checked for overflow. */
void *incload__alloc_array(const incload__mem *mem, size_t count, size_t size);
/* As realloc: on failure the old block stays. New bytes are not zeroed. */
void *incload__realloc(const incload__mem *mem, void *block, size_t size);
void incload__free(const incload__mem *mem, void *block);
char *incload__strdup(const incload__mem *mem, const char *text);
char *incload__strndup(const incload__mem *mem, const char *text, size_t length);
/* Wipes a secret before it is freed; NULL is fine. */
void incload__free_secret(const incload__mem *mem, char *text);

#endif
