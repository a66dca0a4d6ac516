# SPDX-License-Identifier: Apache-2.0
"""Writes one C file with every given .sql file as `const char incload__sql_<folder>_<file>[]`.

usage: embed.py OUTPUT.c INPUT.sql...

Whole-line comments stay behind: they are for readers, and some drivers scan a statement for question marks, also there.
"""
import os
import sys


def statement(path):
    with open(path, encoding="ascii") as file:
        lines = [line.rstrip() for line in file]
    return [line for line in lines if line and not line.lstrip().startswith("--")]


def quoted(line):
    return '"' + line.replace("\\", "\\\\").replace('"', '\\"')


def main(output, inputs):
    with open(output, "w", encoding="ascii") as out:
        out.write('/* Made by embed.py from the .sql files. */\n#include "dialect/sql.h"\n')
        for path in sorted(inputs):
            folder, name = os.path.split(os.path.splitext(path)[0])
            lines = statement(path)
            out.write("\nconst char incload__sql_%s_%s[] =\n" % (os.path.basename(folder), name))
            out.write("\n".join("    %s\\n\"" % quoted(line) for line in lines[:-1]))
            out.write("\n    %s\";\n" % quoted(lines[-1]))


main(sys.argv[1], sys.argv[2:])
