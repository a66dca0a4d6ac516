# SPDX-License-Identifier: Apache-2.0
"""Prints incload/_options.py from the option tables of the library:

python tools/make_options.py > incload/_options.py"""

import textwrap

from incload._incload import lib

from incload import _calls

KINDS = [
    "backfill",
    "capture",
    "capture_step",
    "changes",
    "changes_batch",
    "changes_step",
    "database",
    "debezium",
    "facts",
    "strategy",
    "stream",
    "stream_step",
]
HEAD = '''# SPDX-License-Identifier: Apache-2.0
"""The options of the library's objects, for type checkers and editors: made by tools/make_options.py."""
from __future__ import annotations

import datetime
from typing import Sequence, Union

from typing_extensions import Literal, TypedDict

Bound = Union[str, int, datetime.date, datetime.datetime]
Duration = Union[str, int, datetime.timedelta]
Names = Union[str, Sequence[str]]
'''


def type_of(kind, index):
    word = _calls.encoded(kind)
    code = lib.incload_option_type(word, index)
    if code == lib.INCLOAD_OPTION_CHOICE:
        choices = _calls.text(lib.incload_option_choices(word, index)).replace(",", " ").split()
        return "Literal[" + ", ".join(f'"{choice}"' for choice in choices) + "]"
    return {
        lib.INCLOAD_OPTION_TEXT: "Union[str, Bound]",
        lib.INCLOAD_OPTION_INTEGER: "int",
        lib.INCLOAD_OPTION_BOOLEAN: "bool",
        lib.INCLOAD_OPTION_DURATION: "Duration",
        lib.INCLOAD_OPTION_LIST: "Names",
    }[code]


def member(kind, index):
    word = _calls.encoded(kind)
    name = _calls.text(lib.incload_option_name(word, index))
    told = _calls.text(lib.incload_option_description(word, index)).split(". ")[0].rstrip(".")
    lines = [f"    # {line}" for line in textwrap.wrap(told, 112)]
    declaration = f"    {name}: {type_of(kind, index)}"
    if len(declaration) > 120:
        start, rest = declaration.split("[", 1)
        wrapped = textwrap.wrap(rest[:-1], 110)
        declaration = start + "[\n" + "\n".join("        " + line for line in wrapped) + ",\n    ]"
    return "\n".join([*lines, declaration])


def main():
    print(HEAD, end="")
    for kind in KINDS:
        title = kind.title().replace("_", "")
        print(f"\n\nclass {title}Options(TypedDict, total=False):")
        count = lib.incload_option_count(_calls.encoded(kind))
        print("\n".join(member(kind, index) for index in range(count)))


if __name__ == "__main__":
    main()
