/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of one run, taken piece by piece; what is missing at the end is 0 and "". */
#ifndef INCLOAD_TESTS_FUZZ_INPUT_H
#define INCLOAD_TESTS_FUZZ_INPUT_H

#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "fuzz.h"

typedef struct input {
    const uint8_t *at;
    size_t left;
} input;

static inline uint8_t
take_byte(input *in)
{
    if (in->left == 0)
        return 0;
    in->left--;
    return *in->at++;
}

/* The least significant byte first. */
static inline uint64_t
take_number(input *in)
{
    uint64_t number = 0;

    for (int shift = 0; shift < 64; shift += 8)
        number |= (uint64_t)take_byte(in) << shift;
    return number;
}

static inline const uint8_t *
take_bytes(input *in, size_t *length)
{
    const uint8_t *bytes = in->at;

    *length = *length < in->left ? *length : in->left;
    in->at += *length;
    in->left -= *length;
    return bytes;
}

/* Behind a byte with its length, in memory of just its size: free() it. A NUL ends it early. */
static inline char *
take_text(input *in)
{
    size_t length = take_byte(in);
    const uint8_t *bytes = take_bytes(in, &length);
    char *text = malloc(length + 1);

    fuzz_check(text != NULL, "there is memory");
    memcpy(text, bytes, length);
    text[length] = '\0';
    return text;
}

/* All that is left. */
static inline char *
take_rest(input *in)
{
    size_t length = in->left;
    const uint8_t *bytes = take_bytes(in, &length);
    char *text = malloc(length + 1);

    fuzz_check(text != NULL, "there is memory");
    memcpy(text, bytes, length);
    text[length] = '\0';
    return text;
}

/* What every call keeps: the error is what was returned, one line of UTF-8. Frees it; `secret` (may be NULL) must not
 * be in it. */
static inline void
check_outcome(int32_t status, incload_error **err, const char *secret)
{
    const char *message = *err != NULL ? incload_error_message(*err) : "";

    fuzz_check(status == incload_error_code(*err), "the error is what was returned");
    fuzz_check(strchr(message, '\n') == NULL, "an error is one line");
    fuzz_check(incload__utf8_valid(message, strlen(message)), "an error is UTF-8");
    fuzz_check(secret == NULL || strstr(message, secret) == NULL, "an error tells no secret");
    incload_error_unref(*err);
    *err = NULL;
}

#endif
