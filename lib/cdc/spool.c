/* SPDX-License-Identifier: Apache-2.0 */
/* Records in blocks; a file takes them when all spools together are too large. */
#define _GNU_SOURCE
#include "cdc/spool_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/failpoint.h"
#include "base/str.h"

enum { BLOCK = 32 * 1024, SPARE_BLOCKS = 4 };

/* ---- blocks ---- */

static spool_block *
take_block(incload__spool_space *space, size_t room)
{
    spool_block *block = space->spare;

    if (block != NULL && block->size >= room) {
        space->spare = block->next;
        return block;
    }
    size_t size = room > BLOCK ? room : BLOCK;
    block = incload__realloc(space->mem, NULL, sizeof *block + size);
    if (block != NULL)
        block->size = size;
    return block;
}

static int
spare_count(const incload__spool_space *space)
{
    int count = 0;

    for (const spool_block *block = space->spare; block != NULL; block = block->next)
        count++;
    return count;
}

static void
drop_last_block(incload__spool *spool)
{
    incload__spool_space *space = spool->space;
    spool_block *block = spool->last;

    spool->last = block->before;
    if (spool->last != NULL)
        spool->last->next = NULL;
    else
        spool->first = NULL;
    spool->memory -= block->size;
    space->used -= block->size;
    if (block->size != BLOCK || spare_count(space) >= SPARE_BLOCKS) {
        incload__free(space->mem, block);
        return;
    }
    block->next = space->spare;
    space->spare = block;
}

static bool
append_block(incload__spool *spool, size_t room)
{
    spool_block *block = take_block(spool->space, room);

    if (block == NULL)
        return false;
    block->next = NULL;
    block->before = spool->last;
    block->base = spool->end;
    block->used = 0;
    if (spool->last != NULL)
        spool->last->next = block;
    else
        spool->first = block;
    spool->last = block;
    spool->memory += block->size;
    spool->space->used += block->size;
    return true;
}

/* ---- the space ---- */

void
incload__spool_space_init(incload__spool_space *space, const incload__mem *mem, const char *directory, size_t limit)
{
    *space = (incload__spool_space){
        .mem = mem,
        .directory = directory != NULL ? directory : "/var/tmp",
        .limit = limit,
    };
}

void
incload__spool_space_free(incload__spool_space *space)
{
    while (space->spare != NULL) {
        spool_block *next = space->spare->next;
        incload__free(space->mem, space->spare);
        space->spare = next;
    }
}

void
incload__spool_init(incload__spool *spool, incload__spool_space *space)
{
    *spool = (incload__spool){ .space = space, .after = space->spools, .file = -1 };
    if (spool->after != NULL)
        spool->after->before = spool;
    space->spools = spool;
}

void
incload__spool_free(incload__spool *spool)
{
    if (spool->space == NULL)
        return;
    while (spool->last != NULL)
        drop_last_block(spool);
    if (spool->file >= 0) {
        int saved = errno;
        close(spool->file);
        errno = saved;
    }
    if (spool->before != NULL)
        spool->before->after = spool->after;
    else
        spool->space->spools = spool->after;
    if (spool->after != NULL)
        spool->after->before = spool->before;
    *spool = (incload__spool){ .file = -1 };
}

/* ---- the file ---- */

int32_t
incload__spool_fail(const incload__spool *spool, const char *what, incload_error **err)
{
    static const struct {
        int number;
        const char *reason;
    } reasons[] = {
        { ENOSPC, "no space is left there" },
        { EDQUOT, "the quota is used up" },
        { EACCES, "this user may not write there" },
        { ENOENT, "there is no such directory" },
        { ENOTDIR, "it is no directory" },
        { EROFS, "it can only be read" },
        { EMFILE, "the process has too many open files" },
        { EFBIG, "the file would be too large" },
        { EIO, "the disk failed" },
    };
    int number = errno;
    const char *reason = "the system refused it";

    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        if (reasons[i].number == number)
            reason = reasons[i].reason;
    }
    return incload__fail(err, INCLOAD_E_STATE,
                         "cannot %s a file for large transactions in '%s': %s (error %d): make room, or name another "
                         "directory",
                         what, spool->space->directory, reason, number);
}

static int32_t
make_file(incload__spool *spool, incload_error **err)
{
    incload__str path = INCLOAD__STR(spool->space->mem);

    if (spool->file >= 0)
        return INCLOAD_OK;
    incload__str_addf(&path, "%s/incload-XXXXXX", spool->space->directory);
    if (incload__str_text(&path) == NULL)
        return incload__fail_memory(err);
    spool->file = mkostemp(path.data, O_CLOEXEC);
    int32_t status = spool->file >= 0 ? INCLOAD_OK : incload__spool_fail(spool, "make", err);
    /* Without a name it is gone when the process is, however it ends. */
    if (spool->file >= 0 && unlink(path.data) != 0)
        status = incload__spool_fail(spool, "hide", err);
    spool->space->files += spool->file >= 0;
    incload__str_free(&path);
    return status;
}

static int32_t
write_block(incload__spool *spool, const spool_block *block, incload_error **err)
{
    size_t done = 0;

    while (done < block->used) {
        ssize_t wrote = pwrite(spool->file, block->data + done, block->used - done, (off_t)(block->base + done));
        if (wrote < 0 && errno != EINTR)
            return incload__spool_fail(spool, "write", err);
        if (wrote > 0)
            done += (size_t)wrote;
    }
    return INCLOAD_OK;
}

/* All of its blocks go to the file. */
static int32_t
save(incload__spool *spool, incload_error **err)
{
    int saved = errno;
    int32_t status = make_file(spool, err);
    INCLOAD__FAILPOINT(status, "spool.write.before", INCLOAD_E_STATE, err);

    for (const spool_block *block = spool->first; status == INCLOAD_OK && block != NULL; block = block->next)
        status = write_block(spool, block, err);
    INCLOAD__FAILPOINT(status, "spool.written", INCLOAD_E_STATE, err);
    if (status != INCLOAD_OK)
        return status;
    spool->saved = spool->end;
    while (spool->last != NULL)
        drop_last_block(spool);
    errno = saved;
    return INCLOAD_OK;
}

static incload__spool *
largest(const incload__spool_space *space)
{
    incload__spool *most = space->spools;

    for (incload__spool *spool = most; spool != NULL; spool = spool->after) {
        if (spool->memory > most->memory)
            most = spool;
    }
    return most;
}

/* ---- records ---- */

int32_t
incload__spool_add(incload__spool *spool, const void *bytes, size_t length, incload_error **err)
{
    size_t room = sizeof(uint32_t) + length;
    uint32_t size = (uint32_t)length;

    if (length > UINT32_MAX)
        return incload__fail(err, INCLOAD_E_DATA, "a message has more than 4 GiB");
    if ((spool->last == NULL || spool->last->size - spool->last->used < room) && !append_block(spool, room))
        return incload__fail_memory(err);
    spool_block *block = spool->last;
    memcpy(block->data + block->used, &size, sizeof size);
    memcpy(block->data + block->used + sizeof size, bytes, length);
    block->used += room;
    spool->end += room;
    return spool->space->used > spool->space->limit ? save(largest(spool->space), err) : INCLOAD_OK;
}

int32_t
incload__spool_cut(incload__spool *spool, uint64_t offset, incload_error **err)
{
    while (spool->last != NULL && spool->last->base >= offset)
        drop_last_block(spool);
    if (spool->last != NULL)
        spool->last->used = (size_t)(offset - spool->last->base);
    spool->end = offset;
    if (offset >= spool->saved)
        return INCLOAD_OK;
    spool->saved = offset;
    int saved = errno;
    while (ftruncate(spool->file, (off_t)offset) != 0) {
        if (errno != EINTR)
            return incload__spool_fail(spool, "shorten", err);
    }
    errno = saved;
    return INCLOAD_OK;
}
