/* SPDX-License-Identifier: Apache-2.0 */
#include "load/bisect.h"

static int32_t
attempt(incload__bisect *how, int64_t first, int64_t last, bool *bad, incload_error **err)
{
    *bad = false;
    how->attempts++;
    return how->attempt(how->data, first, last, bad, err);
}

/* Rows [*first, last) were refused with *why. Brings in all that stand before the first bad one, which is *first then;
 * *why is what was said of it: the part that was refused last held no other bad row, since all before it are in. */
static int32_t
narrow(incload__bisect *how, int64_t *first, int64_t last, incload_error **why, incload_error **err)
{
    while (last - *first > 1) {
        int64_t middle = *first + (last - *first) / 2;
        incload_error *told = NULL;
        bool bad = false;
        int32_t status = attempt(how, *first, middle, &bad, &told);
        if (status == INCLOAD_OK) {
            *first = middle;
        } else if (bad) {
            last = middle;
            incload_error_unref(*why);
            *why = told;
        } else {
            incload__error_pass(err, told);
            return status;
        }
    }
    return INCLOAD_OK;
}

/* A row that was refused only together with those before it: is it the one? With `most` the caller will see. */
static int32_t
prove(incload__bisect *how, int64_t row, incload_error **why, incload_error **err)
{
    incload_error *told = NULL;
    bool bad = false;
    int32_t status = attempt(how, row, row + 1, &bad, &told);

    if (bad) {
        incload_error_unref(*why);
        *why = told;
        return INCLOAD_OK;
    }
    if (status == INCLOAD_OK) {
        status = incload__error_prefix(why, "no single row is at fault");
        incload__error_pass(err, incload_error_ref(*why));
        return status;
    }
    incload__error_pass(err, told);
    return status;
}

int32_t
incload__bisect_rows(incload__bisect *how, int64_t rows, incload_error *why, incload_error **err)
{
    int32_t status = INCLOAD_OK;
    int64_t first = 0, found = 0;
    bool bad = true;

    while (bad) {
        bad = false;
        int64_t from = first;
        status = narrow(how, &first, rows, &why, err);
        if (status == INCLOAD_OK && first == rows - 1 && first > from && how->most != 1)
            status = prove(how, first, &why, err);
        if (status == INCLOAD_OK)
            status = how->reject(how->data, first++, why, err);
        incload_error_unref(why);
        why = NULL;
        if (status != INCLOAD_OK || first == rows || ++found == how->most)
            break;
        status = attempt(how, first, rows, &bad, &why);
        if (status != INCLOAD_OK && !bad)
            incload__error_pass(err, why);
    }
    return status;
}
