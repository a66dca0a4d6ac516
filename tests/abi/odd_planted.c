/* SPDX-License-Identifier: Apache-2.0 */
/* What a library must not do: it asks the C library for numbers, letters and the clock. Speaks TAP. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

int
main(void)
{
    time_t summer = 1719835200; /* 2024-07-01T12:00:00Z */
    struct tm *clock = localtime(&summer);

    printf("1..3\n%sok 1 - a number\n", strtod("1.5", NULL) > 1.4 ? "" : "not ");
    printf("%sok 2 - a letter\n", toupper('i') == 'I' ? "" : "not ");
    printf("%sok 3 - a clock\n", clock != NULL && clock->tm_hour == 12 && clock->tm_min == 0 ? "" : "not ");
    return 0;
}
