/* SPDX-License-Identifier: Apache-2.0 */
/* The log of a server as a stream of messages, over a connection of its own kind (incload__connect.replication).
 *
 * One thread uses the connection; incload__conn's cancel and `nudge` alone may be called by others. Until `start` it is
 * asked by commands, each within conn->deadline_us. From then on only receive, confirm and stop are for it. */
#ifndef INCLOAD_LIB_DRIVER_REPLICATION_H
#define INCLOAD_LIB_DRIVER_REPLICATION_H

#include "driver/driver.h"

enum { INCLOAD__SLOT_NAME = 64, INCLOAD__SYSTEM_ID = 24, INCLOAD__SNAPSHOT_NAME = 64 };

/* A position in the log; 0: none. */
typedef uint64_t incload__lsn;

/* Which server it is, and how far its log goes. */
typedef struct incload__log_server {
    char system_id[INCLOAD__SYSTEM_ID];
    int32_t timeline;
    incload__lsn position;
    int64_t timeout_ms; /* after so long without a word from us the server ends the stream; 0: never */
} incload__log_server;

typedef struct incload__slot_made {
    incload__lsn consistent;               /* the stream has every commit behind it */
    char snapshot[INCLOAD__SNAPSHOT_NAME]; /* with all commits before it; gone with the connection's next command */
} incload__slot_made;

typedef struct incload__log_start {
    const char *slot;
    incload__lsn position; /* 0: where the slot stands */
    const char *const *publications;
    int32_t publication_count;
    bool streaming; /* large transactions before they have ended, where the server can */
} incload__log_start;

typedef enum incload__log_kind {
    INCLOAD__LOG_NOTHING, /* the time is over, or there was a nudge */
    INCLOAD__LOG_DATA,
    INCLOAD__LOG_KEEPALIVE
} incload__log_kind;

typedef struct incload__log_message {
    incload__log_kind kind;
    bool reply;       /* the server waits for a word */
    incload__lsn end; /* of its log; of a keepalive: all that was committed below it was sent */
    int64_t sent_us;  /* when the server sent it, microseconds since 1970 by its clock */
    const char *data; /* of the plugin */
    size_t length;
    void *memory; /* behind `data`: for free_message() */
} incload__log_message;

struct incload__replication {
    /* First of all: no limit that a role or database has for its sessions ends this one, which rests for as long as a
     * copy takes. `decoding_memory`: bytes that the server may take for transactions before it spills or sends them; 0,
     * or a server before 13: as it is set there. */
    int32_t (*prepare)(incload__conn *conn, int64_t decoding_memory, incload_error **err);
    int32_t (*identify)(incload__conn *conn, incload__log_server *out, incload_error **err);
    /* With its snapshot exported. INCLOAD_E_EXISTS; INCLOAD_E_TIMEOUT while older transactions do not end. A slot of
     * `failover` is kept by standbys, too, from PostgreSQL 17 on. */
    int32_t (*create_slot)(incload__conn *conn, const char *slot, bool failover, incload__slot_made *out,
                           incload_error **err);
    /* INCLOAD_E_NOT_FOUND, INCLOAD_E_BUSY while it is in use. */
    int32_t (*drop_slot)(incload__conn *conn, const char *slot, incload_error **err);
    /* INCLOAD_E_BUSY (retryable) while another reads the slot, INCLOAD_E_NOT_FOUND, INCLOAD_E_STATE_MISSING for a slot
     * that has lost its log. *protocol: of pgoutput. */
    int32_t (*start)(incload__conn *conn, const incload__log_start *how, int32_t *protocol, incload_error **err);
    /* The next message, or nothing by `until_us` (0: no end). `wants` false: only waits, so that the server cannot fill
     * our memory. Both send what confirm() could not. */
    int32_t (*receive)(incload__conn *conn, int64_t until_us, bool wants, incload__log_message *out,
                       incload_error **err);
    void (*free_message)(incload__log_message *message);
    /* Any thread: lets a receive() return. */
    void (*nudge)(incload__conn *conn);
    /* Tells the server what has arrived, and up to where it is kept for good. `ask`: it answers with a keepalive. Never
     * waits. */
    int32_t (*confirm)(incload__conn *conn, incload__lsn received, incload__lsn durable, bool ask, incload_error **err);
    /* Ends the stream, so that the slot is free at once. For at most a moment; the connection is to be closed then. */
    void (*stop)(incload__conn *conn);
};

/* "16/B374D848"; the text is as the server writes it. */
void incload__lsn_print(incload__lsn lsn, incload__str *out);
bool incload__lsn_parse(const char *text, incload__lsn *out);
/* Whether it may name a slot: a to z, digits and underscores, at most 63. */
bool incload__slot_name_valid(const char *name);

#endif
