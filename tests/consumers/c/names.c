/* SPDX-License-Identifier: Apache-2.0 */
/* The least a program can do with the library: link it, call it, find what the header promised. */
#include <incload/incload.h>

#include <stdio.h>
#include <string.h>

int
main(void)
{
    int32_t count = incload_status_count();
    for (int32_t i = 0; i < count; i++) {
        const char *name = incload_status_name(incload_status_code(i));
        if (strncmp(name, "INCLOAD_", 8) != 0) {
            printf("status %d has no name\n", (int)i);
            return 1;
        }
    }
    printf("%d statuses\n", (int)count);
    return count > 10 && strcmp(incload_status_name(INCLOAD_E_BUSY), "INCLOAD_E_BUSY") == 0 ? 0 : 1;
}
