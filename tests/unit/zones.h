/* SPDX-License-Identifier: Apache-2.0 */
/* Every time zone of the system, once: names that mean the same clock are taken by the first of them. */
#ifndef INCLOAD_TESTS_UNIT_ZONES_H
#define INCLOAD_TESTS_UNIT_ZONES_H

#include "harness.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/zone.h"

#define ZONES_FOLDER "/usr/share/zoneinfo"

enum { ZONES_MOST = 2000, ZONES_FILE = 65536 };

typedef struct zones {
    char *names[ZONES_MOST];
    uint64_t hashes[ZONES_MOST];
    int count;
} zones;

static inline size_t
zones_read(const char *name, unsigned char *bytes, size_t size)
{
    char path[512];

    snprintf(path, sizeof path, ZONES_FOLDER "/%s", name);
    FILE *file = fopen(path, "rb");
    ck_assert_msg(file != NULL, "%s", path);
    size_t length = fread(bytes, 1, size, file);
    fclose(file);
    return length;
}

static inline void
zones_take(zones *all, const char *name)
{
    static unsigned char bytes[ZONES_FILE];
    size_t length = zones_read(name, bytes, sizeof bytes);
    uint64_t hash = UINT64_C(14695981039346656037);

    if (length < 4 || memcmp(bytes, "TZif", 4) != 0)
        return;
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ bytes[i]) * UINT64_C(1099511628211);
    for (int i = 0; i < all->count; i++) {
        if (all->hashes[i] == hash)
            return;
    }
    ck_assert_int_lt(all->count, ZONES_MOST);
    all->hashes[all->count] = hash;
    all->names[all->count++] = strdup(name);
}

/* Without the zones that count leap seconds, and the copies of all others. */
static inline void
zones_walk(zones *all, const char *folder)
{
    char path[512];
    struct stat about;

    snprintf(path, sizeof path, ZONES_FOLDER "/%s", folder);
    DIR *open = opendir(path);
    ck_assert_msg(open != NULL, "%s: is the package tzdata there?", path);
    for (struct dirent *entry = readdir(open); entry != NULL; entry = readdir(open)) {
        char name[320];
        snprintf(name, sizeof name, "%s%s%s", folder, folder[0] != '\0' ? "/" : "", entry->d_name);
        snprintf(path, sizeof path, ZONES_FOLDER "/%s", name);
        if (strchr(name, '.') != NULL || strcmp(name, "right") == 0 || strcmp(name, "posix") == 0
            || strcmp(name, "localtime") == 0 || stat(path, &about) != 0)
            continue;
        if (S_ISDIR(about.st_mode))
            zones_walk(all, name);
        else
            zones_take(all, name);
    }
    closedir(open);
}

static inline void
zones_find(zones *all)
{
    all->count = 0;
    zones_walk(all, "");
    /* tzdata of 2024 has about 340 that differ. */
    ck_assert_int_gt(all->count, 250);
}

static inline void
zones_free(zones *all)
{
    for (int i = 0; i < all->count; i++)
        free(all->names[i]);
}

static inline incload__zone *
zones_load(const char *name)
{
    incload_error *err = NULL;
    incload__zone *zone = incload__zone_load(&incload__mem_libc, name, &err);

    ck_assert_msg(zone != NULL, "%s: %s", name, incload_error_message(err));
    return zone;
}

#endif
