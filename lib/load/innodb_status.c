/* SPDX-License-Identifier: Apache-2.0 */
/* InnoDB's report for people, where nothing else tells. Each session's transaction is a block of lines:
 *
 *     ---TRANSACTION 421, ACTIVE 3 sec
 *     1 lock struct(s), heap size 1128, 0 row lock(s), undo log entries 1
 *     MariaDB thread id 7, OS thread handle 140386107188928, query id 26 localhost root
 *     Trx read view will not see trx with id >= 423, sees < 421
 *
 * One that has written nothing has "(0x7fae3140ab80)" in place of its number; "COMMITTED IN MEMORY" is not yet visible
 * to all, and counts like any other. */
#include <stdio.h>
#include <string.h>

#include "batch/number.h"
#include "load/horizon_mariadb.h"

static const char block_mark[] = "\n---TRANSACTION ";
static const char list_mark[] = "LIST OF TRANSACTIONS FOR EACH SESSION";

/* The server cuts the list, and says so, when the text would be longer than a mebibyte. */
static bool
is_whole(const char *text)
{
    return strstr(text, "... truncated...") == NULL;
}

/* A number at `at`; 0 when there is none. */
static uint64_t
number_at(const char *at)
{
    uint64_t value = 0;

    incload__parse_uint64(at, strspn(at, "0123456789"), &value);
    return value;
}

/* The number behind `words` in [at, end); 0: they are not there. */
static uint64_t
number_behind(const char *at, const char *end, const char *words)
{
    const char *found = strstr(at, words);

    return found != NULL && found < end ? number_at(found + strlen(words)) : 0;
}

/* The next block in [*at, end): *at is put behind its mark, and the block's end is returned. NULL: there is none. */
static const char *
next_block(const char **at, const char *end)
{
    const char *block = strstr(*at, block_mark);

    if (block == NULL || block >= end)
        return NULL;
    *at = block + strlen(block_mark);
    const char *next = strstr(*at, block_mark);
    return next != NULL && next < end ? next : end;
}

/* "MariaDB thread id 7, OS thread handle 1403, query id 26 localhost root": host and user, as far as they are there. */
static void
describe(const char *at, const char *end, const char *thread, char *words, size_t size)
{
    static const char mark[] = ", query id ";
    const char *found = strstr(at, mark);
    const char *host = found != NULL && found < end ? found + sizeof mark - 1 : NULL;

    if (host != NULL)
        host += strspn(host, "0123456789");
    size_t host_length = host != NULL && *host == ' ' ? strcspn(++host, " \n") : 0;
    const char *user = host_length > 0 && host[host_length] == ' ' ? host + host_length + 1 : "";
    size_t user_length = strcspn(user, " \n");
    if (user_length > 0)
        snprintf(words, size, "thread %s, user %.*s@%.*s", thread, (int)user_length, user, (int)host_length, host);
    else
        snprintf(words, size, "thread %s", thread);
}

static int32_t
add_transaction(const char *at, const char *end, incload__rows *out, incload_error **err)
{
    char id[INCLOAD__NUMBER_TEXT], thread[INCLOAD__NUMBER_TEXT], seconds[INCLOAD__NUMBER_TEXT];
    char words[200];
    const char *cells[INCLOAD__OPEN_COLUMNS] = {
        [INCLOAD__OPEN_TOKEN] = "", [INCLOAD__OPEN_ID] = id, [INCLOAD__OPEN_THREAD] = thread,
        [INCLOAD__OPEN_SECONDS] = seconds, [INCLOAD__OPEN_WORDS] = words,
    };

    id[incload__uint_text(number_at(at), id)] = '\0';
    thread[incload__uint_text(number_behind(at, end, "MariaDB thread id "), thread)] = '\0';
    describe(at, end, thread, words, sizeof words);
    seconds[incload__uint_text(number_behind(at, end, ", ACTIVE "), seconds)] = '\0';
    return incload__rows_add(out, cells, NULL, INCLOAD__OPEN_COLUMNS) == INCLOAD_OK ? INCLOAD_OK
                                                                                     : incload__fail_memory(err);
}

int32_t
incload__innodb_transactions(const char *text, incload__rows *out, incload_error **err)
{
    const char *list = strstr(text, list_mark);
    int32_t status = INCLOAD_OK;

    if (list == NULL || !is_whole(text)) {
        status = incload__fail(err, list == NULL ? INCLOAD_E_PROTOCOL : INCLOAD_E_CONFLICT,
                               list == NULL ? "SHOW ENGINE INNODB STATUS has no list of transactions"
                                            : "too many transactions are open in the source for its engine's status to "
                                              "list them all: run the load again later");
        incload__error_set_retryable(err, list != NULL);
        return status;
    }
    const char *end = list + strlen(list), *at = list, *stop;
    while (status == INCLOAD_OK && (stop = next_block(&at, end)) != NULL) {
        size_t digits = strspn(at, "0123456789");
        if (digits > 0 && at[digits] == ',')
            status = add_transaction(at, stop, out, err);
    }
    return status;
}

bool
incload__innodb_read_view(const char *text, uint64_t thread, uint64_t *least)
{
    const char *list = strstr(text, list_mark);

    if (list == NULL)
        return false;
    const char *end = list + strlen(list), *at = list, *stop;
    while ((stop = next_block(&at, end)) != NULL) {
        if (number_behind(at, stop, "MariaDB thread id ") != thread)
            continue;
        *least = number_behind(at, stop, ", sees < ");
        return *least > 0;
    }
    return false;
}
