# SPDX-License-Identifier: Apache-2.0
"""Writes one C file with every given file as `const char incload__page_<suffix>[]`.

usage: embed.py OUTPUT.c INPUT..."""
import os
import sys


def quoted(line):
    return '"' + line.replace("\\", "\\\\").replace('"', '\\"') + '\\n"'


def main(output, inputs):
    with open(output, "w", encoding="ascii") as out:
        out.write('/* Made by embed.py. */\n#include "run/report/html.h"\n')
        for path in sorted(inputs):
            with open(path, encoding="ascii") as file:
                lines = [line.strip() for line in file]
            kept = [line for line in lines if line and not (line.startswith("/*") and line.endswith("*/"))]
            out.write("\nconst char incload__page_%s[] =\n" % os.path.splitext(path)[1][1:])
            out.write("\n".join("    " + quoted(line) for line in kept) + ";\n")


main(sys.argv[1], sys.argv[2:])
