/* SPDX-License-Identifier: Apache-2.0 */
/* Gives every file of a directory to the function that libFuzzer calls: replay NAME DIRECTORY [MOST]. Each also cut at
 * every length and with each bit of it turned, as far as time allows: MOST of them, or 4096. Speaks TAP. */
#include <dirent.h>
#include <string.h>

#include "fuzz.h"

enum { MOST = 1 << 20, TURNED = 4096, CUTS = 256 };

/* In memory of just its size, so that a tool sees what reads behind it. */
static void
give(const uint8_t *bytes, size_t size)
{
    uint8_t *exact = malloc(size + (size == 0));

    fuzz_check(exact != NULL, "there is memory");
    if (size > 0)
        memcpy(exact, bytes, size);
    LLVMFuzzerTestOneInput(exact, size);
    free(exact);
}

static size_t
read_file(const char *directory, const char *name, uint8_t *bytes)
{
    char path[4096];

    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *file = fopen(path, "rb");
    fuzz_check(file != NULL, "the file can be read");
    size_t size = fread(bytes, 1, MOST, file);
    fclose(file);
    return size;
}

static void
vary(uint8_t *bytes, size_t size, size_t most)
{
    size_t bits = size * 8;
    size_t stride = bits / most + 1;

    for (size_t length = 0; length <= size; length += size / CUTS + 1)
        give(bytes, length);
    give(bytes, size);
    for (size_t bit = 0; bit < bits; bit += stride) {
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        give(bytes, size);
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

int
main(int argc, char **argv)
{
    static uint8_t bytes[MOST];
    DIR *directory = argc >= 3 ? opendir(argv[2]) : NULL;
    int most = argc == 4 ? atoi(argv[3]) : TURNED;
    int count = 0;

    if (directory == NULL || most <= 0) {
        fprintf(stderr, "usage: replay NAME DIRECTORY [MOST]\n");
        return 2;
    }
    printf("1..1\n");
    for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
        if (entry->d_name[0] == '.')
            continue;
        vary(bytes, read_file(argv[2], entry->d_name, bytes), (size_t)most);
        count++;
    }
    closedir(directory);
    printf("%s 1 - %d files of the corpus of %s, cut and changed, are read or refused\n", count > 0 ? "ok" : "not ok",
           count, argv[1]);
    return count > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
