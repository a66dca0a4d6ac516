#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes a manual page for every public function, from the headers: man.py INCLUDE_DIRECTORY VERSION DATE OUTPUT

OUTPUT is made anew, so that a function that is gone leaves no page behind."""
import pathlib
import re
import shutil
import sys
import textwrap

import comments


def escaped(text):
    """Letters that roff would take for its own."""
    return text.replace("\\", "\\e").replace("-", "\\-")


def words(text):
    """A text of a comment: constants without their mark, what is in backquotes in bold."""
    parts = re.split(r"`([^`]*)`", re.sub(r"#(INCLOAD_\w+)", r"\1", text))
    told = [f"\\fB{escaped(part)}\\fR" if i % 2 else strong(escaped(part)) for i, part in enumerate(parts)]
    return "".join(told)


def strong(text):
    text = re.sub(r"\*\*(.+?)\*\*", r"\\fI\1\\fR", text)
    return re.sub(r"\b(incload_\w+)\(\)", r"\\fB\1\\fR(3)", text)


def filled(text):
    """Lines that an editor can show; roff joins them again."""
    lines = textwrap.wrap(" ".join(text.split()), 78, break_long_words=False, break_on_hyphens=False)
    return [re.sub(r"^([.'])", r"\\&\1", line) for line in lines]


def is_row(line):
    return line.startswith("|")


def paragraphs(blocks):
    """Paragraphs, and lists and tables of them."""
    for text in blocks:
        lines = text.splitlines()
        if all(map(is_row, lines)):
            rows = [words(line) for line in lines if not re.match(r"\|[-| ]+\|$", line)]
            yield from [".PP", ".nf", *rows, ".fi"]
            continue
        for part in re.split(r"(?m)^(?=\s*- )", text):
            item = re.match(r"\s*- ", part)
            if item:
                yield from [".IP \\(bu 2", *filled(words(part[item.end():]))]
            elif part.strip():
                yield from [".PP", *filled(words(part))]


def synopsis(one):
    parameters = ", ".join(f"{kind} {name}".replace("* ", "*") for kind, name in one.parameters()) or "void"
    head = f"{one.result()} {one.name}(".replace("* ", "*")
    lines = textwrap.wrap(parameters + ");", 78 - len(head), break_long_words=False, break_on_hyphens=False)
    return [escaped(head + lines[0])] + [" " * len(head) + escaped(line) for line in lines[1:]]


def section(title, lines):
    lines = list(lines)
    if lines and lines[0] == ".PP":
        lines = lines[1:]
    return [f".SH {title}", *lines] if lines else []


def callbacks_of(one, callbacks):
    """The types of functions that a function takes, with what their comment says."""
    for kind, _ in one.parameters():
        callback = callbacks.get(kind.strip())
        if callback is None:
            continue
        said = comments.read(callback.comment)
        yield from [".PP", ".nf", *textwrap.wrap(escaped(callback.text + ";"), 78, subsequent_indent=" " * 8), ".fi"]
        yield from paragraphs([text for text in [said.brief, *said.body] if text])


def tagged(pairs):
    for name, text in pairs:
        yield from [".TP", f"\\fI{escaped(name)}\\fR", *(filled(words(text)) or ["\\&"])]


CALLS = (("threads", "Threads"), ("blocking", "Blocking"), ("callback", "Callback\\-safe"))


def page(header, one, neighbours, callbacks, version, date):
    said = comments.read(one.comment)
    brief = re.sub(r"[`#]", "", said.brief).rstrip(".")
    include = ["incload/mock.h"] if header == "mock.h" else ["incload/incload.h"]
    lines = [".\\\" Made from the library's headers: change the comment there.",
             f'.TH {one.name} 3 {date} "libincload {version}"',
             *section("NAME", [f"{one.name} \\- {escaped(brief)}"]),
             *section("SYNOPSIS", [".nf", *(f"#include <{name}>" for name in include), "", *synopsis(one), ".fi"]),
             *section("DESCRIPTION", paragraphs([said.brief, *said.body])),
             *section("PARAMETERS", tagged(said.parameters)),
             *section("FUNCTIONS OF THE HOST", callbacks_of(one, callbacks)),
             *section("RETURN VALUE", filled(words(said.result))),
             *section("ERRORS", filled(words(said.errors))),
             *section("ATTRIBUTES", [line for key, title in CALLS if key in said.calls
                                     for line in [".TP", title, *filled(words(said.calls[key]))]]),
             *section("HISTORY", [f"Since version {said.calls['since']}."] if "since" in said.calls else []),
             *section("SEE ALSO", [*(f".BR {name} (3)," for name in neighbours), ".BR libincload (7)"])]
    return "\n".join(lines) + "\n"


def main():
    include, version, date, output = sys.argv[1:5]
    output = pathlib.Path(output)
    shutil.rmtree(output, ignore_errors=True)
    output.mkdir(parents=True)
    found = list(comments.headers(include))
    callbacks = {one.name: one for _, _, all_of_it in found for one in all_of_it if one.kind == "callback"}
    for header, _, all_of_it in found:
        functions = [one for one in all_of_it if one.kind == "function"]
        for i, one in enumerate(functions):
            near = sorted({other.name for other in functions[max(i - 2, 0):i + 3]} - {one.name})
            (output / f"{one.name}.3").write_text(page(header, one, near, callbacks, version, date), encoding="utf-8")


main()
