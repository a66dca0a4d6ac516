/* SPDX-License-Identifier: Apache-2.0 */
#include "base/nearest.h"

#include <stddef.h>
#include <string.h>

int32_t
incload__edit_distance(const char *a, const char *b)
{
    enum { MOST = 40 };
    int32_t row[MOST + 1];
    size_t a_length = strlen(a), b_length = strlen(b);

    if (a_length > MOST || b_length > MOST)
        return MOST;
    for (size_t j = 0; j <= b_length; j++)
        row[j] = (int32_t)j;
    for (size_t i = 1; i <= a_length; i++) {
        int32_t diagonal = row[0];
        row[0] = (int32_t)i;
        for (size_t j = 1; j <= b_length; j++) {
            int32_t least = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            if (row[j] + 1 < least)
                least = row[j] + 1;
            if (row[j - 1] + 1 < least)
                least = row[j - 1] + 1;
            row[j] = least;
        }
    }
    return row[b_length];
}
