#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Lines and branches taken, by the folders of lib/. Of FOLDER also those that were not.

    coverage.py [--lines FOLDER] GCOVR.json...     one report for each build of the same sources"""
import collections
import json
import pathlib
import sys


def lines_of(paths):
    """(file, line, taken, branches, branches taken) of each line that holds code, in any of the reports."""
    lines = {}
    for path in paths:
        for file in json.loads(pathlib.Path(path).read_text(encoding="utf-8"))["files"]:
            for line in file["lines"]:
                if line.get("gcovr/noncode") or line.get("gcovr/excluded"):
                    continue
                counts, branches = lines.setdefault((file["file"], line["line_number"]), ([], []))
                counts.append(line["count"])
                branches.append([branch["count"] for branch in line["branches"]])
    for (name, number), (counts, branches) in sorted(lines.items()):
        # Builds have not the same branches: where most are taken speaks for the line.
        best = max(branches, key=lambda one: (sum(count > 0 for count in one), -len(one)))
        yield name, number, sum(counts) > 0, len(best), sum(count > 0 for count in best)


def folder_of(name):
    return pathlib.PurePath(name).parts[1]


def share(taken, all_of_them):
    return f"{100 * taken / all_of_them:5.1f} %" if all_of_them else "  -    "


def main():
    paths = sys.argv[1:]
    asked = paths.pop(1) if paths[0] == "--lines" else None
    paths = paths[1:] if asked else paths
    sums = collections.defaultdict(lambda: [0, 0, 0, 0])
    missed = []
    for name, number, taken, branches, branches_taken in lines_of(paths):
        for key in (folder_of(name), "all"):
            for i, more in enumerate((1, int(taken), branches, branches_taken)):
                sums[key][i] += more
        if folder_of(name) == asked and (not taken or branches_taken < branches):
            missed.append(f"{name}:{number}: "
                          + ("never" if not taken else f"{branches_taken} of {branches} branches"))
    print("\n".join(missed))
    print("| folder | lines | taken | branches | taken |\n|---|---|---|---|---|")
    for key in ("base", "batch", "sched", "dialect", "driver", "state", "load", "cdc", "run", "all"):
        lines, lines_taken, branches, branches_taken = sums[key]
        print(f"| `{key}` | {lines} | {share(lines_taken, lines)} | {branches} | {share(branches_taken, branches)} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
