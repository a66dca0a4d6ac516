/* SPDX-License-Identifier: Apache-2.0 */
/* Files of SQLite in memory, with locks and shared memory for connections of one process: so databases in WAL mode have
 * transactions, snapshots and one writer, by SQLite's own code, and cost no system call. The clock is the machine's. */
#define _GNU_SOURCE
#include "files.h"

#include <stdio.h>
#include <string.h>

#include "../report.h"
#include "machine.h"
#include "surroundings.h"

enum { STORES = 16, SHM_PAGES = 4, SHM_LOCKS = 8 };

typedef struct store {
    char name[40]; /* "": free */
    unsigned char *bytes;
    size_t size;
    size_t capacity;
    int readers; /* with a shared lock or more */
    bool reserved;
    bool pending;
    bool exclusive;
    void *shm[SHM_PAGES];
    int shm_shared[SHM_LOCKS];
    bool shm_exclusive[SHM_LOCKS];
} store;

typedef struct file {
    sqlite3_file base;
    store *store;
    int lock;
    unsigned shared; /* bits: locks on the shared memory */
    unsigned exclusive;
} file;

static store stores[STORES];

static file *
of(sqlite3_file *base)
{
    return (file *)(void *)base;
}

static store *
store_named(const char *name)
{
    for (int i = 0; i < STORES; i++) {
        if (strcmp(stores[i].name, name) == 0)
            return &stores[i];
    }
    for (int i = 0; i < STORES; i++) {
        if (stores[i].name[0] == '\0') {
            snprintf(stores[i].name, sizeof stores[i].name, "%s", name);
            return &stores[i];
        }
    }
    report_die("too many files in memory");
}

/* ---- bytes ---- */

static int
file_read(sqlite3_file *base, void *out, int count, sqlite3_int64 at)
{
    const store *s = of(base)->store;
    size_t there = (size_t)at < s->size ? s->size - (size_t)at : 0;

    if (there >= (size_t)count) {
        memcpy(out, s->bytes + at, (size_t)count);
        return SQLITE_OK;
    }
    memset(out, 0, (size_t)count);
    if (there > 0)
        memcpy(out, s->bytes + at, there);
    return SQLITE_IOERR_SHORT_READ;
}

static int
file_write(sqlite3_file *base, const void *bytes, int count, sqlite3_int64 at)
{
    store *s = of(base)->store;
    size_t end = (size_t)at + (size_t)count;

    if (end > s->capacity) {
        size_t capacity = end * 2;
        unsigned char *more = real_realloc(s->bytes, capacity);
        if (more == NULL)
            return SQLITE_IOERR_NOMEM;
        s->bytes = more;
        s->capacity = capacity;
    }
    if ((size_t)at > s->size)
        memset(s->bytes + s->size, 0, (size_t)at - s->size);
    memcpy(s->bytes + at, bytes, (size_t)count);
    if (end > s->size)
        s->size = end;
    return SQLITE_OK;
}

static int
file_truncate(sqlite3_file *base, sqlite3_int64 size)
{
    if ((size_t)size < of(base)->store->size)
        of(base)->store->size = (size_t)size;
    return SQLITE_OK;
}

static int
file_sync(sqlite3_file *base, int flags)
{
    (void)base;
    (void)flags;
    return SQLITE_OK;
}

static int
file_size(sqlite3_file *base, sqlite3_int64 *size)
{
    *size = (sqlite3_int64)of(base)->store->size;
    return SQLITE_OK;
}

/* ---- locks ---- */

static int
file_lock(sqlite3_file *base, int wanted)
{
    file *f = of(base);
    store *s = f->store;

    if (f->lock >= wanted)
        return SQLITE_OK;
    if (f->lock == SQLITE_LOCK_NONE) {
        if (s->pending || s->exclusive)
            return SQLITE_BUSY;
        s->readers++;
        f->lock = SQLITE_LOCK_SHARED;
    }
    if (wanted >= SQLITE_LOCK_RESERVED && f->lock < SQLITE_LOCK_RESERVED) {
        if (s->reserved)
            return SQLITE_BUSY;
        s->reserved = true;
        f->lock = SQLITE_LOCK_RESERVED;
    }
    if (wanted == SQLITE_LOCK_EXCLUSIVE) {
        s->pending = true;
        f->lock = SQLITE_LOCK_PENDING;
        if (s->readers > 1)
            return SQLITE_BUSY;
        s->exclusive = true;
        f->lock = SQLITE_LOCK_EXCLUSIVE;
    }
    return SQLITE_OK;
}

static int
file_unlock(sqlite3_file *base, int wanted)
{
    file *f = of(base);
    store *s = f->store;

    if (f->lock >= SQLITE_LOCK_RESERVED)
        s->reserved = s->pending = s->exclusive = false;
    if (f->lock >= SQLITE_LOCK_SHARED && wanted == SQLITE_LOCK_NONE)
        s->readers--;
    if (wanted < f->lock)
        f->lock = wanted;
    return SQLITE_OK;
}

static int
file_reserved(sqlite3_file *base, int *out)
{
    *out = of(base)->store->reserved;
    return SQLITE_OK;
}

static int
file_control(sqlite3_file *base, int what, void *data)
{
    (void)base;
    (void)what;
    (void)data;
    return SQLITE_NOTFOUND;
}

static int
file_sector(sqlite3_file *base)
{
    (void)base;
    return 4096;
}

static int
file_traits(sqlite3_file *base)
{
    (void)base;
    return SQLITE_IOCAP_ATOMIC | SQLITE_IOCAP_POWERSAFE_OVERWRITE | SQLITE_IOCAP_SAFE_APPEND;
}

/* ---- shared memory ---- */

static int
shm_map(sqlite3_file *base, int page, int size, int extend, void volatile **out)
{
    store *s = of(base)->store;

    *out = NULL;
    if (page >= SHM_PAGES)
        return SQLITE_IOERR_SHMSIZE;
    if (s->shm[page] == NULL && extend != 0) {
        s->shm[page] = real_malloc((size_t)size);
        if (s->shm[page] == NULL)
            return SQLITE_IOERR_NOMEM;
        memset(s->shm[page], 0, (size_t)size);
    }
    *out = s->shm[page];
    return SQLITE_OK;
}

static bool
shm_is_free(const file *f, int lock, bool exclusive)
{
    const store *s = f->store;
    unsigned bit = 1u << lock;

    if (s->shm_exclusive[lock] && (f->exclusive & bit) == 0)
        return false;
    return !exclusive || s->shm_shared[lock] == ((f->shared & bit) != 0 ? 1 : 0);
}

static void
shm_release(file *f, int lock)
{
    unsigned bit = 1u << lock;

    if ((f->shared & bit) != 0)
        f->store->shm_shared[lock]--;
    if ((f->exclusive & bit) != 0)
        f->store->shm_exclusive[lock] = false;
    f->shared &= ~bit;
    f->exclusive &= ~bit;
}

static int
shm_lock(sqlite3_file *base, int first, int count, int flags)
{
    file *f = of(base);
    bool exclusive = (flags & SQLITE_SHM_EXCLUSIVE) != 0;

    if ((flags & SQLITE_SHM_UNLOCK) != 0) {
        for (int i = first; i < first + count; i++)
            shm_release(f, i);
        return SQLITE_OK;
    }
    for (int i = first; i < first + count; i++) {
        if (!shm_is_free(f, i, exclusive))
            return SQLITE_BUSY;
    }
    for (int i = first; i < first + count; i++) {
        unsigned bit = 1u << i;
        if (exclusive) {
            f->store->shm_exclusive[i] = true;
            f->exclusive |= bit;
        } else if ((f->shared & bit) == 0) {
            f->store->shm_shared[i]++;
            f->shared |= bit;
        }
    }
    return SQLITE_OK;
}

static void
shm_barrier(sqlite3_file *base)
{
    (void)base;
}

static int
shm_unmap(sqlite3_file *base, int removes)
{
    (void)removes;
    for (int i = 0; i < SHM_LOCKS; i++)
        shm_release(of(base), i);
    return SQLITE_OK;
}

static int
file_close(sqlite3_file *base)
{
    shm_unmap(base, 0);
    return file_unlock(base, SQLITE_LOCK_NONE);
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_reserved,
    .xFileControl = file_control,
    .xSectorSize = file_sector,
    .xDeviceCharacteristics = file_traits,
    .xShmMap = shm_map,
    .xShmLock = shm_lock,
    .xShmBarrier = shm_barrier,
    .xShmUnmap = shm_unmap,
};

/* ---- the system ---- */

static int
files_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *out, int flags, int *given)
{
    file *f = of(out);

    (void)vfs;
    *f = (file){ .base.pMethods = &methods, .store = store_named(name != NULL ? name : "/temporary") };
    if (given != NULL)
        *given = flags;
    return SQLITE_OK;
}

static int
files_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
    (void)vfs;
    (void)sync;
    store_named(name)->size = 0;
    return SQLITE_OK;
}

static int
files_access(sqlite3_vfs *vfs, const char *name, int flags, int *out)
{
    (void)vfs;
    (void)flags;
    *out = 0;
    for (int i = 0; i < STORES; i++)
        *out = *out != 0 || (strcmp(stores[i].name, name) == 0 && stores[i].size > 0);
    return SQLITE_OK;
}

static int
files_full_name(sqlite3_vfs *vfs, const char *name, int size, char *out)
{
    (void)vfs;
    snprintf(out, (size_t)size, "%s", name);
    return SQLITE_OK;
}

/* SQLite's own generator is seeded by this once for all seeds: nothing that is looked at may depend on it. */
static int
files_random(sqlite3_vfs *vfs, int size, char *out)
{
    (void)vfs;
    memset(out, 7, (size_t)size);
    return size;
}

static int
files_sleep(sqlite3_vfs *vfs, int us)
{
    (void)vfs;
    return us;
}

static int
files_now(sqlite3_vfs *vfs, sqlite3_int64 *out)
{
    static const sqlite3_int64 epoch_ms = 210866760000000; /* 1970 in Julian days */

    (void)vfs;
    *out = epoch_ms + machine_now() / 1000;
    return SQLITE_OK;
}

static int
files_error(sqlite3_vfs *vfs, int size, char *out)
{
    (void)vfs;
    if (size > 0)
        out[0] = '\0';
    return 0;
}

void
files_install(void)
{
    static sqlite3_vfs vfs = {
        .iVersion = 2,
        .szOsFile = sizeof(file),
        .mxPathname = 39,
        .zName = "simulated",
        .xOpen = files_open,
        .xDelete = files_delete,
        .xAccess = files_access,
        .xFullPathname = files_full_name,
        .xRandomness = files_random,
        .xSleep = files_sleep,
        .xGetLastError = files_error,
        .xCurrentTimeInt64 = files_now,
    };

    if (sqlite3_vfs_register(&vfs, 1) != SQLITE_OK)
        report_die("SQLite takes no files in memory");
}
