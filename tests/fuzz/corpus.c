/* SPDX-License-Identifier: Apache-2.0 */
/* Makes the corpus that fuzzing begins with: make-corpus DIRECTORY. */
#include <string.h>

#include "batch/type.h"
#include "fuzz.h"
#include "wire.h"

void make_conversations(const char *root);

enum { OID = 5, OTHER = 6, ON_FILE = 4 };

static FILE *file;
static const char *root;

static void
open_file(const char *corpus, const char *name)
{
    char path[4096];

    snprintf(path, sizeof path, "%s/%s/%s", root, corpus, name);
    file = fopen(path, "wb");
    fuzz_check(file != NULL, "the file can be written");
}

static void
close_file(void)
{
    fuzz_check(fclose(file) == 0, "the file was written");
}

/* ---- replication streams ---- */

static void
put(const wire *w)
{
    fputc((int)(w->length >> 8), file);
    fputc((int)(w->length & 0xff), file);
    fwrite(w->bytes, 1, w->length, file);
}

static void
stream(const char *name, int first)
{
    open_file("pgoutput", name);
    fputc(first, file);
}

static void
relations(wire *w, uint32_t xid)
{
    wire_relation(w, xid, OID, "orders");
    put(w);
    wire_relation(w, xid, OTHER, "lines");
    put(w);
}

static void
changes(wire *w, uint32_t xid)
{
    const char *const old[] = { "1", "before" }, *const row[] = { "2", "~" }, *const key[] = { "1", NULL };

    wire_insert(w, xid, OID, "1", "a");
    put(w);
    wire_insert(w, xid, OTHER, "12", NULL);
    put(w);
    wire_begin(w, 'U', xid);
    wire_u32(w, OID);
    wire_tuple(w, 'N', row, 2);
    put(w);
    wire_begin(w, 'U', xid);
    wire_u32(w, OID);
    wire_tuple(w, 'K', key, 2);
    wire_tuple(w, 'N', row, 2);
    put(w);
    wire_begin(w, 'U', xid);
    wire_u32(w, OID);
    wire_tuple(w, 'O', old, 2);
    wire_tuple(w, 'N', row, 2);
    put(w);
    wire_begin(w, 'D', xid);
    wire_u32(w, OID);
    wire_tuple(w, 'K', key, 2);
    put(w);
    wire_begin(w, 'D', xid);
    wire_u32(w, OTHER);
    wire_tuple(w, 'O', old, 2);
    put(w);
    wire_truncate(w, xid, 3, (const uint32_t[]){ OID, OTHER }, 2);
    put(w);
    wire_message(w, xid, 1, "mine", "content");
    put(w);
}

static void
plain(const char *name, int first)
{
    wire w;

    stream(name, first);
    wire_transaction(&w, 731, 500);
    put(&w);
    wire_begin(&w, 'O', 0);
    wire_u64(&w, 3);
    wire_text(&w, "origin");
    put(&w);
    relations(&w, 0);
    changes(&w, 0);
    wire_commit(&w, 500);
    put(&w);
    wire_message(&w, 0, 0, "mine", "alone");
    put(&w);
    wire_transaction(&w, 732, 600);
    put(&w);
    wire_begin(&w, 'Y', 0);
    wire_u32(&w, 20001);
    wire_text(&w, "public");
    wire_text(&w, "mood");
    put(&w);
    wire_begin(&w, 'R', 0);
    wire_u32(&w, OID);
    wire_text(&w, "public");
    wire_text(&w, "renamed");
    wire_u8(&w, 'f');
    wire_u16(&w, 2);
    wire_u8(&w, 1);
    wire_text(&w, "key");
    wire_u32(&w, 20);
    wire_u32(&w, UINT32_MAX);
    wire_u8(&w, 1);
    wire_text(&w, "mood");
    wire_u32(&w, 20001);
    wire_u32(&w, UINT32_MAX);
    put(&w);
    wire_insert(&w, 0, OID, "2", "good");
    put(&w);
    wire_insert(&w, 0, OID, "2", "#binary");
    put(&w);
    wire_commit(&w, 600);
    put(&w);
    close_file();
}

static void
part(wire *w, uint32_t xid, int first, uint32_t by)
{
    wire_stream_start(w, xid, first);
    put(w);
    relations(w, xid);
    changes(w, by);
    wire_stream_stop(w);
    put(w);
}

static void
streamed(const char *name, int first)
{
    wire w;

    stream(name, first);
    part(&w, 10, 1, 10);
    part(&w, 20, 1, 20);
    part(&w, 10, 0, 11);
    part(&w, 10, 0, 12);
    wire_stream_abort(&w, 10, 12);
    put(&w);
    part(&w, 20, 0, 21);
    wire_stream_commit(&w, 10, 500);
    put(&w);
    wire_stream_abort(&w, 20, 20);
    if ((first & 3) == 3) {
        wire_u64(&w, 550);
        wire_u64(&w, 1);
    }
    put(&w);
    close_file();
}

static void
two_phase(const char *name, int first)
{
    wire w;

    stream(name, first);
    wire_prepared(&w, 'b', 10, 100, "one");
    put(&w);
    relations(&w, 0);
    changes(&w, 0);
    wire_prepared(&w, 'P', 10, 100, "one");
    put(&w);
    part(&w, 20, 1, 20);
    wire_prepared(&w, 'p', 20, 200, "two");
    put(&w);
    wire_prepared(&w, 'K', 10, 300, "one");
    put(&w);
    wire_rollback_prepared(&w, 20, 400, "two");
    put(&w);
    close_file();
}

/* ---- values of Debezium ---- */

static const struct {
    const char *name;
    incload__kind kind;
    int modes;
    const char *schema;
    const char *value;
} values[] = {
    { "integer", INCLOAD__INT64, 0, "{\"type\":\"int64\"}", "17" },
    { "float", INCLOAD__FLOAT64, 0, "{\"type\":\"double\"}", "1.5e-7" },
    { "boolean", INCLOAD__BOOL, 0, "{\"type\":\"boolean\"}", "true" },
    { "text", INCLOAD__TEXT, 0, "{\"type\":\"string\"}", "\"\\u00e9\"" },
    { "json", INCLOAD__JSON, 0, "{\"type\":\"string\",\"name\":\"io.debezium.data.Json\"}", "\"{\\\"a\\\":[1]}\"" },
    { "decimal", INCLOAD__DECIMAL, 0,
      "{\"type\":\"bytes\",\"name\":\"org.apache.kafka.connect.data.Decimal\",\"parameters\":{\"scale\":\"2\"}}",
      "\"BNI=\"" },
    { "variable", INCLOAD__NUMERIC, 0, "{\"type\":\"struct\",\"name\":\"io.debezium.data.VariableScaleDecimal\"}",
      "{\"scale\":-2,\"value\":\"Aw==\"}" },
    { "date", INCLOAD__DATE, 0, "{\"type\":\"int32\",\"name\":\"io.debezium.time.Date\"}", "19844" },
    { "time", INCLOAD__TIME, 0, "{\"type\":\"int64\",\"name\":\"io.debezium.time.MicroTime\"}", "3600250000" },
    { "timestamp", INCLOAD__TIMESTAMP, 0, "{\"type\":\"int64\",\"name\":\"io.debezium.time.Timestamp\"}",
      "1714557600250" },
    { "nanoseconds", INCLOAD__TIMESTAMPTZ, 0, "{\"type\":\"int64\",\"name\":\"io.debezium.time.NanoTimestamp\"}",
      "1714557600250000000" },
    { "zoned", INCLOAD__TIMESTAMPTZ, 0, "{\"type\":\"string\",\"name\":\"io.debezium.time.ZonedTimestamp\"}",
      "\"2024-05-01T10:00:00.25Z\"" },
    { "duration", INCLOAD__NATIVE, 0, "{\"type\":\"int64\",\"name\":\"io.debezium.time.MicroDuration\"}", "5000000" },
    { "binary", INCLOAD__BINARY, 0, "{\"type\":\"bytes\"}", "\"3q2+7w==\"" },
    { "bits", INCLOAD__NATIVE, 0,
      "{\"type\":\"bytes\",\"name\":\"io.debezium.data.Bits\",\"parameters\":{\"length\":\"4\"}}", "\"BQ==\"" },
    { "unavailable", INCLOAD__TEXT, 0, "{\"type\":\"string\"}", "\"__debezium_unavailable_value\"" },
    { "null", INCLOAD__TEXT, 0, "", "null" },
    { "bare-timestamp", INCLOAD__TIMESTAMP, 2 << 2, "", "1714557600250000" },
    { "bare-decimal", INCLOAD__DECIMAL, 2, "", "\"12.34\"" },
};

/* ---- messages of Debezium ---- */

enum { NO_KEY, ONE_COLUMN, TWO_COLUMNS };

#define ROW "{\"id\":1,\"name\":\"one\",\"qty\":\"BNI=\",\"day\":19844}"
#define ROW_FIELDS                                                                                                     \
    "[{\"type\":\"int64\",\"field\":\"id\"},{\"type\":\"string\",\"field\":\"name\"},"                                 \
    "{\"type\":\"bytes\",\"name\":\"org.apache.kafka.connect.data.Decimal\",\"parameters\":{\"scale\":\"2\"},"         \
    "\"field\":\"qty\"},{\"type\":\"int32\",\"name\":\"io.debezium.time.Date\",\"field\":\"day\"}]"
#define SCHEMA                                                                                                         \
    "{\"type\":\"struct\",\"fields\":[{\"type\":\"struct\",\"fields\":" ROW_FIELDS ",\"field\":\"before\"},"           \
    "{\"type\":\"struct\",\"fields\":" ROW_FIELDS ",\"field\":\"after\"}]}"
#define KEY                                                                                                            \
    "{\"schema\":{\"type\":\"struct\",\"fields\":[{\"type\":\"int64\",\"field\":\"id\"}]},\"payload\":{\"id\":1}}"

static const struct {
    const char *name;
    int key;
    int options;
    const char *lines;
} messages[] = {
    { "insert", ONE_COLUMN, 0,
      KEY "\n{\"schema\":" SCHEMA ",\"payload\":{\"before\":null,\"after\":" ROW
          ",\"source\":{\"table\":\"items\"},\"op\":\"c\",\"ts_ms\":1}}\n" },
    { "bare", ONE_COLUMN, 2 << 1 | 2 << 3,
      "{\"id\":1}\n{\"op\":\"r\",\"after\":{\"id\":1,\"qty\":\"1.5\",\"seen\":1714557600250000,\"ok\":true,"
      "\"share\":0.5,\"image\":\"3q2+7w==\"}}\n" },
    { "moved", ONE_COLUMN, 0,
      "{\"id\":2}\n{\"op\":\"u\",\"before\":{\"id\":1},\"after\":{\"id\":2,\"name\":\"__debezium_unavailable_value\"}}"
      "\n{\"id\":1}\n{\"op\":\"d\",\"before\":{\"id\":1},\"after\":null}\n{\"id\":1}\nnull\n" },
    { "truncate", TWO_COLUMNS, 0,
      "{\"id\":1,\"name\":\"x\"}\n{\"op\":\"c\",\"after\":{\"id\":1,\"name\":\"x\"}}\n\n{\"op\":\"t\",\"before\":null,"
      "\"after\":null}\n{\"id\":1,\"name\":\"x\"}\n{\"op\":\"d\"}\n" },
    { "keyless", NO_KEY, 0x80,
      "\n{\"op\":\"u\",\"before\":{\"id\":1,\"name\":null,\"qty\":null,\"day\":null,\"seen\":null,\"ok\":false,"
      "\"share\":"
      "1e3,\"image\":null},\"after\":{\"id\":2}}\n\n{\"op\":\"c\",\"after\":{\"name\":\"\\u00e9\"}}\n" },
    { "stranger", ONE_COLUMN, 1, "{\"id\":1}\n{\"op\":\"c\",\"after\":{\"id\":1,\"other\":{\"a\":[1,2]}}}\n" },
    { "message", ONE_COLUMN, 0, "\n{\"op\":\"m\",\"message\":{\"prefix\":\"p\",\"content\":\"YQ==\"}}\n" },
};

int
main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: make-corpus DIRECTORY\n");
        return 2;
    }
    root = argv[1];
    make_conversations(root);
    plain("plain-1", 0);
    plain("plain-1-file", ON_FILE);
    streamed("streamed-2", 1);
    streamed("streamed-2-file", 1 | ON_FILE);
    two_phase("prepared-3", 2);
    streamed("streamed-4", 3);
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        open_file("debezium", values[i].name);
        fputc((int)values[i].kind, file);
        fputc(values[i].modes, file);
        fprintf(file, "%s\n%s", values[i].schema, values[i].value);
        close_file();
    }
    for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++) {
        open_file("debezium-message", messages[i].name);
        fputc(messages[i].key, file);
        fputc(messages[i].options, file);
        fputs(messages[i].lines, file);
        close_file();
    }
    return 0;
}
