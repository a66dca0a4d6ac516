/* SPDX-License-Identifier: Apache-2.0 */
/* Errors as these tests read them: by code, by words, and for what must never be in them. */
#ifndef INCLOAD_TESTS_INTEGRATION_INPUT_CANARY_H
#define INCLOAD_TESTS_INTEGRATION_INPUT_CANARY_H

#include "support.h"

/* Stands where a secret does: in passwords. */
#define CANARY_PASSWORD "c4nary-pa55w0rd"
/* Stands in rows. */
#define CANARY_VALUE "c4nary-r0w-va1ue"

/* Fails the test when a canary is in the text; NULL is fine. */
void no_canary_in(const char *text, const char *where);
/* Fails the test when a canary is in the error's message, details, place or causes. */
void no_canary(const incload_error *err);
/* The same for every event that waits. */
void no_canary_in_events(incload_context *context);
/* The error has the code, and its message each of the words (divided by '|'); and no canary. Frees it. */
void refused_with(incload_error *err, int32_t code, const char *words);
/* The database named by the url cannot be used: neither checked, nor asked, nor loaded from. */
void url_refused(const char *url, const char *options, int32_t code, const char *words);
/* `text` with one part of it replaced; static, good for 4 calls. */
const char *replaced(const char *text, const char *part, const char *by);
/* A variable of tests/servers.sh, which must be there. */
const char *variable(const char *name);

#endif
