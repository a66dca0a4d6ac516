/* SPDX-License-Identifier: Apache-2.0 */
/* What PostgreSQL 15 says to the client of libpq.c, word by word, in the form that this one takes. */
#include <stdbool.h>
#include <string.h>

#include "fuzz.h"
#include "wire.h"

void make_conversations(const char *root);

enum { ORDINARY, REPLICATION, RELAY, BY_MESSAGE = 1 << 2, BY_BYTE = 2 << 2, AHEAD = 3 << 2, READS = 64, STAYS = 128 };
enum { INT8 = 20, TEXT = 25 };

static FILE *file;

static void
say(wire *w)
{
    size_t size = w->length + 3;

    fputc(w->bytes[0], file);
    for (int shift = 24; shift >= 0; shift -= 8)
        fputc((int)(size >> shift & 0xff), file);
    fwrite(w->bytes + 1, 1, w->length - 1, file);
}

static void
say_text(char letter, const char *text)
{
    wire w;

    wire_begin(&w, letter, 0);
    wire_text(&w, text);
    say(&w);
}

static void
say_number(char letter, uint32_t number)
{
    wire w;

    wire_begin(&w, letter, 0);
    wire_u32(&w, number);
    say(&w);
}

static void
say_letters(const char *letters)
{
    wire w;

    for (; *letters != '\0'; letters++) {
        wire_begin(&w, *letters, 0);
        say(&w);
    }
}

static void
ready(char state)
{
    wire w;

    wire_begin(&w, 'Z', 0);
    wire_u8(&w, (unsigned char)state);
    say(&w);
}

static void
done(const char *tag, char state)
{
    say_text('C', tag);
    if (state != '\0')
        ready(state);
}

/* By the extended protocol. */
static void
answered(const char *tag, char state)
{
    say_letters("12n");
    done(tag, state);
}

static void
refused(char letter, const char *severity, const char *sqlstate, const char *text)
{
    wire w;

    wire_begin(&w, letter, 0);
    wire_u8(&w, 'S');
    wire_text(&w, severity);
    wire_u8(&w, 'V');
    wire_text(&w, severity);
    wire_u8(&w, 'C');
    wire_text(&w, sqlstate);
    wire_u8(&w, 'M');
    wire_text(&w, text);
    wire_u8(&w, 't');
    wire_text(&w, "t");
    wire_u8(&w, 0);
    say(&w);
}

static void
columns(const char *const *names, const uint32_t *oids, unsigned count)
{
    wire w;

    wire_begin(&w, 'T', 0);
    wire_u16(&w, count);
    for (unsigned i = 0; i < count; i++) {
        wire_text(&w, names[i]);
        wire_u32(&w, 0);
        wire_u16(&w, 0);
        wire_u32(&w, oids[i]);
        wire_u16(&w, oids[i] == INT8 ? 8 : 0xffff);
        wire_u32(&w, UINT32_MAX);
        wire_u16(&w, 0);
    }
    say(&w);
}

static void
row(const char *const *cells, unsigned count)
{
    wire w;

    wire_begin(&w, 'D', 0);
    wire_u16(&w, count);
    for (unsigned i = 0; i < count; i++) {
        size_t size = cells[i] != NULL ? strlen(cells[i]) : 0;
        wire_u32(&w, cells[i] != NULL ? (uint32_t)size : UINT32_MAX);
        for (size_t k = 0; k < size; k++)
            wire_u8(&w, (unsigned char)cells[i][k]);
    }
    say(&w);
}

static const char *const names[] = { "a", "b" };
static const uint32_t oids[] = { INT8, TEXT };

static void
table(void)
{
    columns(names, oids, 2);
}

/* Of the query's shape; with the BEGIN that is due. */
static void
shape(bool begins, char state)
{
    wire w;

    if (begins)
        answered("BEGIN", '\0');
    say_letters("1");
    wire_begin(&w, 't', 0);
    wire_u16(&w, 0);
    say(&w);
    table();
    ready(state);
}

static void
setting(const char *name, const char *value)
{
    wire w;

    wire_begin(&w, 'S', 0);
    wire_text(&w, name);
    wire_text(&w, value);
    say(&w);
}

static void
greet(uint32_t asks)
{
    wire w;

    if (asks != 0) {
        wire_begin(&w, 'R', 0);
        wire_u32(&w, asks);
        if (asks == 5)
            wire_u32(&w, 0x73616c74);
        if (asks == 10) {
            wire_text(&w, "SCRAM-SHA-256");
            wire_u8(&w, 0);
        }
        say(&w);
    }
    say_number('R', 0);
    setting("client_encoding", "UTF8");
    setting("standard_conforming_strings", "on");
    setting("integer_datetimes", "on");
    setting("server_version", "15.20");
    wire_begin(&w, 'K', 0);
    wire_u64(&w, 17);
    say(&w);
    ready('I');
    for (int i = 0; i < 10; i++)
        done("SET", '\0');
    ready('I');
}

/* ---- COPY ---- */

static void
copy_begins(char letter)
{
    wire w;

    wire_begin(&w, letter, 0);
    wire_u8(&w, 1);
    wire_u16(&w, 2);
    wire_u16(&w, 1);
    wire_u16(&w, 1);
    say(&w);
}

static void
copy_row(wire *w, uint64_t a, const char *b)
{
    wire_u16(w, 2);
    wire_u32(w, 8);
    wire_u64(w, a);
    wire_u32(w, b != NULL ? (uint32_t)strlen(b) : UINT32_MAX);
    for (; b != NULL && *b != '\0'; b++)
        wire_u8(w, (unsigned char)*b);
}

static void
copied_out(const char *tag, char state)
{
    static const char signature[] = "PGCOPY\n\377\r\n";
    wire w;

    copy_begins('H');
    wire_begin(&w, 'd', 0);
    for (size_t i = 0; i < sizeof signature; i++)
        wire_u8(&w, (unsigned char)signature[i]);
    wire_u64(&w, 0);
    copy_row(&w, 1, "one");
    say(&w);
    wire_begin(&w, 'd', 0);
    copy_row(&w, 2, NULL);
    say(&w);
    wire_begin(&w, 'd', 0);
    wire_u16(&w, 0xffff);
    say(&w);
    say_letters("c");
    done(tag, state);
}

/* ---- a stream ---- */

static void
logged(const wire *of, uint64_t end)
{
    wire w;

    wire_begin(&w, 'd', 0);
    wire_u8(&w, 'w');
    wire_u64(&w, end);
    wire_u64(&w, end);
    wire_u64(&w, 1000000);
    for (size_t i = 0; i < of->length; i++)
        wire_u8(&w, of->bytes[i]);
    say(&w);
}

static void
kept_alive(uint64_t end, unsigned asks)
{
    wire w;

    wire_begin(&w, 'd', 0);
    wire_u8(&w, 'k');
    wire_u64(&w, end);
    wire_u64(&w, 1000000);
    wire_u8(&w, asks);
    say(&w);
}

static void
answered_by_row(const char *const *cells, unsigned count, const char *tag)
{
    static const char *const heads[] = { "one", "two", "three", "four" };
    static const uint32_t texts[] = { TEXT, TEXT, TEXT, TEXT };

    columns(heads, texts, count);
    row(cells, count);
    done(tag, 'I');
}

static void
stream(void)
{
    static const char *const system[] = { "7300000000000000001", "1", "0/15D6B88", "d" };
    static const char *const timeout[] = { "1min" };
    static const char *const slot[] = { "slot", "0/15D6B88", "00000003-00000002-1", "pgoutput" };
    wire w;

    greet(0);
    for (int i = 0; i < 5; i++)
        done("SET", 'I');
    answered_by_row(system, 4, "IDENTIFY_SYSTEM");
    answered_by_row(timeout, 1, "SHOW");
    answered_by_row(slot, 4, "CREATE_REPLICATION_SLOT");
    copy_begins('W');
    kept_alive(400, 1);
    wire_transaction(&w, 731, 500);
    logged(&w, 500);
    wire_relation(&w, 0, 5, "t");
    logged(&w, 500);
    wire_insert(&w, 0, 5, "1", "one");
    logged(&w, 500);
    wire_commit(&w, 500);
    logged(&w, 508);
    kept_alive(600, 0);
    say_letters("c");
    done("COPY 0", 'I');
}

/* ---- all ---- */

static void
open_file(const char *root, const char *name, int who, const char *deeds, size_t count, int cancel)
{
    char path[4096];

    snprintf(path, sizeof path, "%s/libpq/%s", root, name);
    file = fopen(path, "wb");
    fuzz_check(file != NULL, "the file can be written");
    fputc(who, file);
    fputc((int)count, file);
    fwrite(deeds, 1, count, file);
    fputc(cancel, file);
}

static void
close_file(void)
{
    fuzz_check(fclose(file) == 0, "the file was written");
}

static void
statements(void)
{
    static const char *const cells[] = { "17", NULL };

    greet(5);
    answered("BEGIN", '\0');
    answered("UPDATE 2", 'T');
    say_letters("12");
    table();
    row(cells, 2);
    done("SELECT 1", 'T');
    say_letters("I");
    ready('T');
    answered("SAVEPOINT", 'T');
    answered("RELEASE", 'T');
    done("COMMIT", 'I');
    refused('N', "NOTICE", "00000", "told");
    say_letters("12");
    table();
    done("SELECT 0", 'I');
}

static void
committed(void)
{
    greet(0);
    answered("BEGIN", '\0');
    answered("DELETE 2", 'T');
    done("COMMIT", 'I');
}

static void
failures(void)
{
    greet(3);
    answered("BEGIN", '\0');
    refused('E', "ERROR", "23505", "a row that nobody should see");
    ready('E');
    done("ROLLBACK", 'I');
    answered("BEGIN", '\0');
    answered("DELETE 2", 'T');
    done("ROLLBACK", 'I');
    refused('E', "FATAL", "57P01", "terminating");
}

static void
repeated(void)
{
    greet(0);
    answered("UPDATE 1", 'I');
    say_letters("1");
    ready('I');
    say_letters("2n");
    done("UPDATE 1", 'I');
    say_letters("2n");
    done("UPDATE 0", 'I');
}

static void
described(void)
{
    static const char *const head[] = { "format_type" }, *const bigint[] = { "bigint" }, *const text[] = { "text" };
    static const uint32_t one[] = { TEXT };

    greet(0);
    shape(false, 'I');
    say_letters("12");
    columns(head, one, 1);
    row(bigint, 1);
    row(text, 1);
    done("SELECT 2", 'I');
}

static void
read_whole(void)
{
    greet(0);
    shape(false, 'I');
    copied_out("COPY 2", 'I');
}

static void
read_less(void)
{
    greet(0);
    shape(false, 'I');
    copied_out("COPY 3", 'I');
}

static void
copied_for_shape(void)
{
    greet(0);
    say_letters("1");
    copied_out("COPY 2", 'I');
}

static void
stopped(void)
{
    greet(0);
    shape(false, 'I');
    copied_out("COPY 2", '\0');
    refused('E', "ERROR", "57014", "canceling statement due to user request");
    ready('I');
    done("ROLLBACK", 'I');
}

static void
taken_in(const char *tag)
{
    greet(0);
    shape(true, 'T');
    copy_begins('G');
    done(tag, 'T');
    done("COMMIT", 'I');
}

static void
relayed(void)
{
    long at = ftell(file), end;

    fputc(0, file);
    fputc(0, file);
    greet(0);
    shape(false, 'I');
    copied_out("COPY 2", 'I');
    end = ftell(file);
    taken_in("COPY 2");
    fseek(file, at, SEEK_SET);
    fputc((int)((end - at - 2) >> 8), file);
    fputc((int)((end - at - 2) & 0xff), file);
}

static const struct {
    const char *name;
    int who;
    const char *deeds;
    int cancel;
    void (*says)(void);
} conversations[] = {
    { "statements", ORDINARY, "\x10\x05\x07\x03\x0e\x01\x08", 0, statements },
    { "statements-message", ORDINARY | BY_MESSAGE | STAYS, "\x10\x05\x07\x03\x0e\x01\x08", 0, statements },
    { "statements-byte", ORDINARY | BY_BYTE, "\x10\x05\x07\x03\x0e\x01\x08", 0, statements },
    { "statements-ahead", ORDINARY | AHEAD, "\x10\x05\x07\x03\x0e\x01\x08", 0, statements },
    { "committed", ORDINARY, "\x10\x04\x01", 0, committed },
    { "committed-ahead", ORDINARY | AHEAD, "\x10\x04\x01", 0, committed },
    { "failures", ORDINARY, "\x10\x04\x02\x10\x04\x01\x02\x03", 0, failures },
    { "repeated", ORDINARY | STAYS, "\x06\x06\x06", 0, repeated },
    { "described", ORDINARY | READS, "\x09", 0, described },
    { "read", ORDINARY | READS, "\x0a", 0, read_whole },
    { "read-less", ORDINARY | READS, "\x0a", 0, read_less },
    { "copied-for-shape", ORDINARY | READS | STAYS, "\x0a", 0, copied_for_shape },
    { "read-stopped", ORDINARY | READS, "\x0a", 0, stopped },
    { "read-part", ORDINARY | READS, "\x0b\x02", 0, stopped },
    { "read-cancelled", ORDINARY | READS | STAYS, "\x0a\x02", 3, stopped },
    { "stream", REPLICATION, "\x08\x01\x02\x04\x04\x03", 0, stream },
    { "stream-ahead", REPLICATION | AHEAD | STAYS, "\x08\x01\x02\x04\x04\x03", 0, stream },
    { "relay", RELAY, "\x01", 0, relayed },
    { "relay-message", RELAY | BY_MESSAGE | STAYS, "\x01", 0, relayed },
};

void
make_conversations(const char *root)
{
    for (size_t i = 0; i < sizeof conversations / sizeof conversations[0]; i++) {
        const char *deeds = conversations[i].deeds;
        open_file(root, conversations[i].name, conversations[i].who, deeds, strlen(deeds), conversations[i].cancel);
        conversations[i].says();
        close_file();
    }
    open_file(root, "written", ORDINARY, "\x0c\x01", 2, 0);
    taken_in("COPY 2");
    close_file();
    open_file(root, "written-less", ORDINARY, "\x0c\x01", 2, 0);
    taken_in("COPY 1");
    close_file();
    open_file(root, "abandoned", ORDINARY, "\x0d\x02", 2, 0);
    taken_in("COPY 2");
    close_file();
}
