/* SPDX-License-Identifier: Apache-2.0 */
/* Stands between a client and its server on 127.0.0.1, counts the bytes that pass each way, and cuts one connection
 * when so many have passed. A thread of its own; its functions are called by one other. */
#ifndef INCLOAD_TESTS_FAULT_PROXY_H
#define INCLOAD_TESTS_FAULT_PROXY_H

#include <stdbool.h>
#include <stdint.h>

typedef enum way { TO_SERVER, TO_CLIENT } way;
typedef enum cut { CUT_FIN, CUT_RST } cut;

typedef struct proxy proxy;

/* `upstream`: the path of a unix socket, or a port of 127.0.0.1 as text. */
proxy *proxy_new(const char *upstream);
void proxy_free(proxy *p);
int32_t proxy_port(const proxy *p);

/* From here on connections are numbered anew. The one with the number `which` (0: the first) is cut, both ways, when
 * `after` bytes have passed in the direction `way`; with -1 nothing is cut. */
void proxy_arm(proxy *p, int32_t which, way direction, int64_t after, cut how);
/* Bytes that have passed on that connection. */
int64_t proxy_passed(proxy *p, int32_t which, way direction);
int32_t proxy_connections(proxy *p);
bool proxy_has_cut(proxy *p);

#endif
