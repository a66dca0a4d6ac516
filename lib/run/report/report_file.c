/* SPDX-License-Identifier: Apache-2.0 */
/* A report as a file that is there whole or not at all. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "run/report/report.h"

enum { TRIES = 100 };

/* The system's number for what failed travels through the sink as a status of its own. */
typedef struct target {
    int fd;
    int system_error;
} target;

static int32_t
write_all(void *user_data, const char *text, size_t size)
{
    target *to = user_data;

    while (size > 0) {
        ssize_t written = write(to->fd, text, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0) {
            to->system_error = written < 0 ? errno : ENOSPC;
            return INCLOAD_E_STATE;
        }
        text += written;
        size -= (size_t)written;
    }
    return INCLOAD_OK;
}

/* What the system said, in words that are the same in every locale. */
static const struct {
    int number;
    int32_t code;
    const char *words;
} failures[] = {
    { ENOENT, INCLOAD_E_NOT_FOUND, "there is no such folder: make it first" },
    { ENOTDIR, INCLOAD_E_NOT_FOUND, "a part of the path is no folder: choose another" },
    { EACCES, INCLOAD_E_PERMISSION, "this process may not write into its folder: allow it, or choose another" },
    { EPERM, INCLOAD_E_PERMISSION, "this process may not write into its folder: allow it, or choose another" },
    { EROFS, INCLOAD_E_PERMISSION, "its file system is read-only: choose another folder" },
    { EISDIR, INCLOAD_E_INVALID, "it is a folder: add the name of a file" },
    { ENAMETOOLONG, INCLOAD_E_INVALID, "the name is too long: choose a shorter one" },
    { ENOSPC, INCLOAD_E_STATE, "no space is left on its file system: free some; what was there before is untouched" },
    { EDQUOT, INCLOAD_E_STATE, "the quota is used up: free some space; what was there before is untouched" },
};

static int32_t
fail_system(const char *path, int number, incload_error **err)
{
    for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++) {
        if (failures[i].number == number)
            return incload__fail(err, failures[i].code, "cannot write the report %s: %s", path, failures[i].words);
    }
    return incload__fail(err, INCLOAD_E_STATE,
                         "cannot write the report %s: the system said errno %d; what was there "
                         "before is untouched",
                         path, number);
}

/* A rename would put a file in the place of a device or a pipe, and over a file that nobody may write to. */
static int32_t
check_place(const char *path, incload_error **err)
{
    struct stat there;
    int saved = errno;
    int32_t status = INCLOAD_OK;

    if (stat(path, &there) == 0) {
        if (S_ISDIR(there.st_mode))
            status = fail_system(path, EISDIR, err);
        else if (!S_ISREG(there.st_mode))
            status = incload__fail(err, INCLOAD_E_INVALID,
                                   "cannot write the report %s: it is no plain file: choose another", path);
        else if (access(path, W_OK) != 0)
            status = incload__fail(err, INCLOAD_E_PERMISSION,
                                   "cannot write the report %s: the file is there and may not be written to: allow "
                                   "it, or choose another",
                                   path);
    }
    errno = saved;
    return status;
}

/* A name beside the file that no other process or thread takes: O_EXCL decides. */
static int
open_beside(const char *path, incload__str *name, int *system_error)
{
    for (int32_t i = 0; i < TRIES; i++) {
        incload__str_clear(name);
        incload__str_addf(name, "%s.%ld-%d.part", path, (long)getpid(), i);
        if (incload__str_text(name) == NULL) {
            *system_error = ENOMEM;
            return -1;
        }
        int fd = open(incload__str_text(name), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd >= 0)
            return fd;
        *system_error = errno;
        if (errno != EEXIST && errno != EINTR)
            return -1;
    }
    return -1;
}

static int32_t
finish(target *to, const char *part, const char *path)
{
    if (to->system_error == 0 && fsync(to->fd) != 0 && errno != EINVAL && errno != EROFS)
        to->system_error = errno;
    if (close(to->fd) != 0 && to->system_error == 0 && errno != EINTR)
        to->system_error = errno;
    if (to->system_error == 0 && rename(part, path) != 0)
        to->system_error = errno;
    return to->system_error;
}

int32_t
incload__report_file(const incload__mem *mem, const incload__picture *picture, int32_t format,
                     const incload__report_options *options, const char *path, incload_error **err)
{
    int saved = errno;
    incload__str part = INCLOAD__STR(mem);
    incload_error *failure = NULL;
    target to = { 0 };
    int32_t status = check_place(path, err);

    if (status != INCLOAD_OK)
        return status;
    to.fd = open_beside(path, &part, &to.system_error);
    if (to.fd < 0) {
        status = to.system_error == ENOMEM ? incload__fail_memory(err) : fail_system(path, to.system_error, err);
        incload__str_free(&part);
        return status;
    }
    to.system_error = 0;
    status = incload__report_write(mem, picture, format, options, write_all, &to, &failure);
    if (status != INCLOAD_OK && to.system_error == 0) {
        close(to.fd);
        unlink(incload__str_text(&part));
        incload__error_pass(err, failure);
    } else if (finish(&to, incload__str_text(&part), path) != 0) {
        unlink(incload__str_text(&part));
        incload_error_unref(failure);
        status = fail_system(path, to.system_error, err);
    } else {
        errno = saved;
    }
    incload__str_free(&part);
    return status;
}
