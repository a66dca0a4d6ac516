/* SPDX-License-Identifier: Apache-2.0 */
/* A plain client of each kind of database, apart from the library: what a fault program arranges, and what it finds
 * afterwards, does not pass through the code on trial. For one thread at a time. */
#ifndef INCLOAD_TESTS_FAULT_CLIENT_H
#define INCLOAD_TESTS_FAULT_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

typedef struct client client;

/* `url` in the library's form: postgresql:// or odbc:. Ends the program when nothing answers. */
client *client_open(const char *url);
/* NULL when nothing answers. */
client *client_try_open(const char *url);
void client_close(client *c);

/* Statements with ";\n" between them; what fails ends the program, or gives false. */
void client_do(client *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool client_try(client *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Why client_try() or client_try_open() said no. */
const char *client_problem(void);
/* What a query gives: fields with '|' between them, a line break behind each row; NULL as "NULL". Freed by the
 * caller. */
char *client_ask(client *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
int64_t client_number(client *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
