/* SPDX-License-Identifier: Apache-2.0 */
/* Preloaded into a test program: it takes the locale of its environment, as many hosts do. */
#include <locale.h>
#include <stdio.h>
#include <unistd.h>

__attribute__((constructor)) static void
take_the_locale(void)
{
    if (setlocale(LC_ALL, "") == NULL) {
        fprintf(stderr, "odd_host: there is no such locale\n");
        _exit(99);
    }
}
