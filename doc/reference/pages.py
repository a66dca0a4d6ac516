#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the reference of the site, one page a header, from the headers: pages.py INCLUDE_DIRECTORY OUTPUT_DIRECTORY"""
import pathlib
import re
import sys

import comments

FENCE = "`````"


def linked(text):
    """Names of functions and constants become links; what stands in backquotes stays as it is."""
    parts = re.split(r"(`[^`]*`)", text)
    for i in range(0, len(parts), 2):
        parts[i] = re.sub(r"#(INCLOAD_\w+)", r"{c:enumerator}`\1`", parts[i])
        parts[i] = re.sub(r"\b(incload_\w+)\(\)", r"{c:func}`\1`", parts[i])
        parts[i] = re.sub(r"\b_(\w+)\(\)", r"`_\1()`", parts[i])
    return "".join(parts)


def block(kind, signature, lines):
    body = "\n".join(lines).rstrip()
    return f"{FENCE}{{{kind}}} {signature}\n\n{body}\n{FENCE}\n"


def fields(said):
    for name, text in said.parameters:
        yield f":param {name}: {linked(text)}"
    if said.result:
        yield f":returns: {linked(said.result)}"
    if said.errors:
        yield f":Errors: {linked(said.errors)}"
    for key, title in (("threads", "Threads"), ("blocking", "Blocking"), ("callback", "Callback-safe"),
                       ("since", "Since")):
        if key in said.calls:
            yield f":{title}: {linked(said.calls[key])}"


def of_function(one):
    said = comments.read(one.comment)
    lines = [linked(said.brief), ""]
    for text in said.body:
        lines += [linked(text), ""]
    return block("c:function", one.text, [*lines, *fields(said)])


def of_type(one):
    said = comments.read(one.comment)
    lines = [linked(text) + "\n" for text in [said.brief, *said.body] if text]
    if one.kind == "callback":
        return block("c:type", re.sub(r"^typedef\s+", "", one.text), [*lines, *fields(said)])
    code = re.sub(r"\s*(/\*\*<.*?\*/)\s*", r" \1\n    ", one.text.replace("{ ", "{\n    ")).replace("    }", "}")
    return block("c:struct", one.name, [*lines, "```c", code + ";", "```"])


def of_enum(one):
    said = comments.read(one.comment)
    lines = [linked(text) + "\n" for text in [said.brief, *said.body] if text]
    for name, value, text in comments.constants(one.text):
        lines.append(block("c:enumerator", f"{name} = {value}", [linked(text)]))
    return "\n".join(lines)


WRITERS = {"function": of_function, "callback": of_type, "struct": of_type, "enum": of_enum}


def page(name, text, found):
    said = comments.of_file(text)
    lines = [f"# {name}", "", "```c", f"#include <incload/{name}>", "```", "", linked(said.brief), ""]
    for part in said.body:
        lines += [linked(part), ""]
    for handle in comments.handles(text):
        lines.append(block("c:type", f"struct {handle} {handle}", ["A handle; its insides are the library's own."]))
    lines += [WRITERS[one.kind](one) for one in found]
    return "\n".join(lines)


def calls(found):
    """One table of what may be called where: the question that no single page answers."""
    yield "# Threads, blocking, callbacks: every function\n"
    yield ("*Threads*: whether calls on one object may overlap. *Blocking*: how long it may take. *Callback-safe*: "
           "whether a process function may call it. What the words mean: "
           "[threads and callbacks](../guide/threads.md).\n")
    yield "| function | threads | blocking | callback-safe |\n|---|---|---|---|"
    for one in sorted((one for one in found if one.kind == "function"), key=lambda one: one.name):
        said = comments.read(one.comment).calls
        cells = [linked(said[key]).replace("|", "\\|") for key in ("threads", "blocking", "callback")]
        yield f"| {{c:func}}`{one.name}` | {' | '.join(cells)} |"


def main():
    include, output = (pathlib.Path(word) for word in sys.argv[1:3])
    output.mkdir(parents=True, exist_ok=True)
    names, everything = [], []
    for name, text, found in comments.headers(include):
        if name == "incload.h" or not (found or comments.handles(text)):
            continue
        stem = name.removesuffix(".h")
        (output / f"{stem}.md").write_text(page(name, text, found), encoding="utf-8")
        names.append(stem)
        everything += found
    (output / "calls.md").write_text("\n".join(calls(everything)) + "\n", encoding="utf-8")
    listed = "\n".join(["calls", *names])
    (output / "index.md").write_text(
        "# Reference\n\nOne page a header, in the header's own order; `#include <incload/incload.h>` brings all but "
        f"`mock.h`. Options: [options](../options.md).\n\n```{{toctree}}\n:maxdepth: 1\n\n{listed}\n```\n",
        encoding="utf-8")


main()
