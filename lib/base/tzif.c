/* SPDX-License-Identifier: Apache-2.0 */
#include "base/tzif.h"

#include <string.h>

#include "base/zone.h"

enum { HEADER_BYTES = 44, MOST_TYPES = 256, TYPE_BYTES = 6, MOST_CHANGES = 100000, MOST_NAME_BYTES = 65536 };

/* About 35,000 years: changes further back than that say only how it all began (zic writes one at the big bang). */
#define FAR (INT64_C(1) << 40)

typedef struct reader {
    const unsigned char *at;
    size_t left;
} reader;

/* The six counts of a header, in their order in the file. */
typedef struct header {
    char version;
    uint32_t utc_marks;
    uint32_t standard_marks;
    uint32_t leaps;
    uint32_t changes;
    uint32_t types;
    uint32_t name_bytes;
} header;

static uint32_t
get_32(const unsigned char *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static int64_t
get_64(const unsigned char *at)
{
    return (int64_t)((uint64_t)get_32(at) << 32 | get_32(at + 4));
}

/* NULL when so much is not there. */
static const unsigned char *
take(reader *in, size_t bytes)
{
    const unsigned char *start = in->at;

    if (in->left < bytes)
        return NULL;
    in->at += bytes;
    in->left -= bytes;
    return start;
}

static bool
take_header(reader *in, header *out)
{
    const unsigned char *at = take(in, HEADER_BYTES);

    if (at == NULL || memcmp(at, "TZif", 4) != 0)
        return false;
    out->version = (char)at[4];
    out->utc_marks = get_32(at + 20);
    out->standard_marks = get_32(at + 24);
    out->leaps = get_32(at + 28);
    out->changes = get_32(at + 32);
    out->types = get_32(at + 36);
    out->name_bytes = get_32(at + 40);
    /* Limits first: sums of sizes cannot overflow then. */
    return out->changes <= MOST_CHANGES && out->types >= 1 && out->types <= MOST_TYPES
           && out->name_bytes <= MOST_NAME_BYTES && out->leaps <= MOST_CHANGES
           && (out->utc_marks == 0 || out->utc_marks == out->types)
           && (out->standard_marks == 0 || out->standard_marks == out->types);
}

/* Everything behind a header. `time_bytes` is 4 in the first part of a file, which is for readers of version 1. */
static size_t
body_bytes(const header *head, size_t time_bytes)
{
    return head->changes * (time_bytes + 1) + head->types * (size_t)TYPE_BYTES + head->name_bytes
           + head->leaps * (time_bytes + 4) + head->standard_marks + head->utc_marks;
}

/* The offset of a type; false when it can be none. */
static bool
offset_of(const unsigned char *types, uint32_t type, int32_t *offset)
{
    *offset = (int32_t)get_32(types + type * (size_t)TYPE_BYTES);
    return *offset > -INCLOAD__ZONE_MOST_OFFSET && *offset < INCLOAD__ZONE_MOST_OFFSET;
}

/* A change of name or of summer time alone is none of the clock. */
static void
add_change(incload__tzif *out, int64_t at, int32_t offset)
{
    int32_t before = out->count > 0 ? out->changes[out->count - 1].offset : out->first_offset;

    if (at < -FAR)
        out->first_offset = offset;
    else if (offset != before)
        out->changes[out->count++] = (incload__tzrule_event){ at, offset };
}

static bool
read_changes(const header *head, const unsigned char *body, incload__tzif *out)
{
    const unsigned char *indexes = body + head->changes * (size_t)8;
    const unsigned char *types = indexes + head->changes;
    int64_t last = INT64_MIN;
    int32_t offset;

    for (uint32_t i = 0; i < head->types; i++) {
        if (!offset_of(types, i, &offset))
            return false;
    }
    (void)offset_of(types, 0, &out->first_offset);
    for (uint32_t i = 0; i < head->changes; i++) {
        int64_t at = get_64(body + i * (size_t)8);
        if ((i > 0 && at <= last) || at > FAR || indexes[i] >= head->types)
            return false;
        (void)offset_of(types, indexes[i], &offset);
        add_change(out, at, offset);
        last = at;
    }
    return true;
}

/* A line of its own at the end; empty: what was last holds on. */
static bool
read_rule(reader *in, incload__tzif *out)
{
    const unsigned char *open = take(in, 1);

    if (open == NULL || *open != '\n')
        return false;
    const unsigned char *close = memchr(in->at, '\n', in->left);
    if (close == NULL)
        return false;
    size_t length = (size_t)(close - in->at);
    out->has_rule = length > 0;
    return length == 0 || incload__tzrule_parse((const char *)in->at, length, &out->rule);
}

static int32_t
fail_broken(const char *name, incload_error **err)
{
    return incload__fail(err, INCLOAD_E_INVALID,
                         "the system's file of time zone '%.64s' is broken: reinstall the package tzdata", name);
}

int32_t
incload__tzif_parse(const incload__mem *mem, const char *name, const void *bytes, size_t length, incload__tzif *out,
                    incload_error **err)
{
    reader in = { bytes, length };
    header head;

    memset(out, 0, sizeof *out);
    if (!take_header(&in, &head))
        return fail_broken(name, err);
    if (head.version < '2')
        return incload__fail(err, INCLOAD_E_UNSUPPORTED,
                             "the system's file of time zone '%.64s' is of version 1, which ends in 2037: install a "
                             "current package tzdata",
                             name);
    if (take(&in, body_bytes(&head, 4)) == NULL || !take_header(&in, &head))
        return fail_broken(name, err);
    if (head.leaps > 0)
        return incload__fail(err, INCLOAD_E_UNSUPPORTED,
                             "time zone '%.64s' counts leap seconds, which no database does: take the zone of that "
                             "name without right/",
                             name);
    const unsigned char *body = take(&in, body_bytes(&head, 8));
    if (body == NULL)
        return fail_broken(name, err);

    out->changes = incload__alloc_array(mem, head.changes + 1, sizeof *out->changes);
    if (out->changes == NULL)
        return incload__fail_memory(err);
    if (read_changes(&head, body, out) && read_rule(&in, out))
        return INCLOAD_OK;
    incload__tzif_free(mem, out);
    return fail_broken(name, err);
}

void
incload__tzif_free(const incload__mem *mem, incload__tzif *tzif)
{
    incload__free(mem, tzif->changes);
    tzif->changes = NULL;
}
