/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers to and from text: what is read is written, and what is written reads the same; floats as the C library reads
 * and prints them, PostgreSQL's numeric against the text it was made of. One byte for the scale, the others a text;
 * its first bytes are also taken as a number. */
#include <errno.h>
#include <math.h>

#include "batch/number.h"
#include "driver/libpq/numeric.h"
#include "input.h"

static void
check_float(double value, bool single)
{
    char text[INCLOAD__NUMBER_TEXT];
    double again = 1;

    if (single)
        value = (double)(float)value;
    size_t length = incload__float_text(value, single, text);
    fuzz_check(length < sizeof text && text[length] == '\0', "there is room");
    fuzz_check(incload__float_parse(text, length, single, &again), "what was written is read");
    fuzz_check(isnan(value) ? isnan(again) : memcmp(&value, &again, sizeof value) == 0, "to the same bits");
    if (!isfinite(value))
        return;
    double libc = single ? (double)strtof(text, NULL) : strtod(text, NULL);
    fuzz_check(libc == value, "as the C library does");
}

static void
read_float(const char *text, size_t length)
{
    double value = 0, single = 0;
    char *end = NULL;

    if (incload__float_parse(text, length, false, &value)) {
        double libc = strtod(text, &end);
        fuzz_check(*end == '\0', "it is a number to the C library");
        fuzz_check(isnan(value) ? isnan(libc) : value == libc, "of the same value");
        check_float(value, false);
    }
    if (incload__float_parse(text, length, true, &single)) {
        float libc = strtof(text, &end);
        fuzz_check(isnan(single) ? isnan(libc) : (float)single == libc, "and of the same single one");
        check_float(single, true);
    }
}

static void
read_decimal(const char *text, size_t length, int32_t scale)
{
    uint8_t bytes[INCLOAD__NUMERIC_SIZE];
    char written[INCLOAD__NUMBER_TEXT];
    __int128 value = 0, again = 1;

    if (!incload__decimal_parse(text, length, scale, &value))
        return;
    size_t size = incload__decimal_text(value, scale, written);
    fuzz_check(size < sizeof written, "there is room");
    fuzz_check(incload__decimal_parse(written, size, scale, &again) && again == value, "a decimal is kept");
    size = incload__numeric_put(bytes, value, scale);
    fuzz_check(size <= sizeof bytes, "there is room");
    fuzz_check(incload__numeric_get(bytes, size, scale, &again) == INCLOAD__NUMERIC_OK && again == value,
               "also in PostgreSQL's form");
}

static void
read_numeric(const char *text, size_t length, int32_t scale)
{
    incload__str bytes = INCLOAD__STR(&incload__mem_libc);
    __int128 value = 0, same = 1;
    incload__numeric_result result = incload__numeric_put_text(&bytes, text, length);

    fuzz_check(result != INCLOAD__NUMERIC_OK || incload__numeric_valid(text, length), "what is sent is a number");
    if (result == INCLOAD__NUMERIC_OK && incload__decimal_parse(text, length, scale, &same))
        fuzz_check(incload__numeric_get((const uint8_t *)bytes.data, bytes.length, scale, &value)
                           == INCLOAD__NUMERIC_OK
                       && value == same,
                   "a numeric is its text");
    incload__str_free(&bytes);
    result = incload__numeric_get((const uint8_t *)text, length, scale, &value);
    fuzz_check(result >= INCLOAD__NUMERIC_OK && result <= INCLOAD__NUMERIC_BROKEN, "any bytes have a result");
}

static void
read_integers(const char *text, size_t length)
{
    char written[INCLOAD__NUMBER_TEXT];
    int64_t number = 0, same = 1;
    uint64_t positive = 0, again = 1;

    if (incload__parse_int64(text, length, &number)) {
        errno = 0;
        fuzz_check(strtoll(text, NULL, 10) == number && errno == 0, "an integer is what the C library reads");
        fuzz_check(incload__parse_int64(written, incload__int_text(number, written), &same) && same == number,
                   "and is kept");
    }
    if (incload__parse_uint64(text, length, &positive)) {
        errno = 0;
        fuzz_check(strtoull(text, NULL, 10) == positive && errno == 0, "so is one without a sign");
        fuzz_check(incload__parse_uint64(written, incload__uint_text(positive, written), &again) && again == positive,
                   "and is kept");
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    input in = { data, size }, bits;
    int32_t scale = take_byte(&in) % 39;
    double value;

    bits = in;
    uint64_t number = take_number(&bits);
    memcpy(&value, &number, sizeof value);
    check_float(value, false);
    check_float(value, true);
    size_t length = in.left;
    char *text = take_rest(&in);
    read_numeric(text, length, scale);
    if (strlen(text) == length) {
        read_float(text, length);
        read_decimal(text, length, scale);
        read_integers(text, length);
    }
    free(text);
    return 0;
}
