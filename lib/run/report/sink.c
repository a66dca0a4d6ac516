/* SPDX-License-Identifier: Apache-2.0 */
#include "run/report/sink.h"

#include <string.h>

#include "base/error.h"
#include "base/utf8.h"

enum { PORTION = 32 * 1024 };

void
incload__sink_flush(incload__sink *sink)
{
    const char *text = incload__str_text(&sink->text);

    if (sink->status == INCLOAD_OK && text == NULL)
        sink->status = INCLOAD_E_NO_MEMORY;
    if (sink->status == INCLOAD_OK && sink->text.length > 0)
        sink->status = sink->write(sink->user_data, text, sink->text.length);
    if (text != NULL)
        incload__str_clear(&sink->text);
}

void
incload__sink_pass(incload__sink *sink)
{
    if (sink->text.length >= PORTION || sink->text.failed)
        incload__sink_flush(sink);
}

int32_t
incload__sink_end(incload__sink *sink, incload_error **err)
{
    incload__sink_flush(sink);
    incload__str_free(&sink->text);
    if (sink->status == INCLOAD_E_NO_MEMORY)
        return incload__fail_memory(err);
    if (sink->status != INCLOAD_OK)
        return incload__fail(err, sink->status, "the host's function that takes the report failed");
    return INCLOAD_OK;
}

/* ---- characters ---- */

static const char replacement[] = "\xef\xbf\xbd";

static bool
is_control(const char *text, size_t length)
{
    unsigned char lead = (unsigned char)text[0];

    if (length == 1)
        return lead < 0x20 || lead == 0x7f;
    /* U+0080 to U+009F, and the separators of lines and paragraphs. */
    return (length == 2 && lead == 0xc2 && (unsigned char)text[1] < 0xa0) || strncmp(text, "\xe2\x80\xa8", 3) == 0
           || strncmp(text, "\xe2\x80\xa9", 3) == 0;
}

/* U+202A to U+202E and U+2066 to U+2069: they would turn text around them that is not theirs. */
static bool
turns(const char *text, size_t length)
{
    unsigned char third = length == 3 ? (unsigned char)text[2] : 0;

    return (third >= 0xaa && third <= 0xae && strncmp(text, "\xe2\x80", 2) == 0)
           || (third >= 0xa6 && third <= 0xa9 && strncmp(text, "\xe2\x81", 2) == 0);
}

/* Calls `put` for each character of ASCII; the others need no escape in any format. */
static void
put_each(incload__str *out, const char *text, void (*put)(incload__str *out, char c))
{
    if (text == NULL)
        return;
    while (*text != '\0') {
        size_t length = incload__utf8_sequence(text);
        if (length == 0 || turns(text, length))
            incload__str_add(out, replacement);
        else if (is_control(text, length))
            incload__str_add_char(out, ' ');
        else if (length == 1)
            put(out, *text);
        else
            incload__str_add_bytes(out, text, length);
        text += length == 0 ? 1 : length;
    }
}

static void
json_char(incload__str *out, char c)
{
    /* "<" alone begins what could end a script or open a comment in it. */
    if (strchr("\"\\<>&", c) != NULL)
        incload__str_addf(out, "\\u%04x", (unsigned)c);
    else
        incload__str_add_char(out, c);
}

static void
entity_char(incload__str *out, char c)
{
    if (strchr("\"'<>&`", c) != NULL)
        incload__str_addf(out, "&#%d;", c);
    else
        incload__str_add_char(out, c);
}

/* Graphviz reads entities first and escapes such as \N after them, so that a backslash as an entity would begin one. */
static void
dot_char(incload__str *out, char c)
{
    if (c == '\\')
        incload__str_add(out, "\\\\");
    else
        entity_char(out, c);
}

/* Mermaid has words that end a label, and reads Markdown in it: what is no letter or digit goes as its number. */
static void
mermaid_char(incload__str *out, char c)
{
    if (strchr(" .,-/+=", c) != NULL || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'))
        incload__str_add_char(out, c);
    else
        incload__str_addf(out, "#%d;", c);
}

void
incload__put_plain(incload__str *out, const char *text)
{
    put_each(out, text, incload__str_add_char);
}

void
incload__put_json(incload__str *out, const char *text)
{
    if (text == NULL) {
        incload__str_add(out, "null");
        return;
    }
    incload__str_add_char(out, '"');
    put_each(out, text, json_char);
    incload__str_add_char(out, '"');
}

void
incload__put_html(incload__str *out, const char *text)
{
    put_each(out, text, entity_char);
}

void
incload__put_dot(incload__str *out, const char *text)
{
    put_each(out, text, dot_char);
}

void
incload__put_mermaid(incload__str *out, const char *text)
{
    put_each(out, text, mermaid_char);
}

void
incload__put_short(incload__str *out, const char *text, int32_t limit, void (*put)(incload__str *out, const char *text))
{
    char part[512];
    size_t used = 0;

    for (; text != NULL && *text != '\0' && limit > 0; limit--) {
        size_t length = incload__utf8_sequence(text);
        length = length == 0 ? 1 : length;
        if (used + length >= sizeof part)
            break;
        memcpy(part + used, text, length);
        used += length;
        text += length;
    }
    part[used] = '\0';
    put(out, part);
    if (text != NULL && *text != '\0')
        incload__str_add(out, "\xe2\x80\xa6");
}
