#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Sums up a meson test log: every TAP line is a test, and so is every program that does not speak TAP.

Prints each failed and each skipped test with its reason and ends in `N passed, N failed, N skipped`. The exit code is
1 when a test failed, when none ran, or, with CI=true, when one was skipped.

    tally.py TESTLOG.json
    tally.py --self-check"""
import json
import os
import re
import sys

TAP = re.compile(r"^(?P<not>not )?ok\b(?: +\d+)?(?: +-)? *(?P<name>[^#]*)(?:# *(?P<word>\w+)\w* *(?P<reason>.*))?$")
PLAN = re.compile(r"^1\.\.(?P<count>\d+)(?: *# *skip\w*:? *(?P<reason>.*))?$", re.IGNORECASE)
GOOD = ("OK", "EXPECTEDFAIL")


FIRST, LAST = 8, 5


def ends(lines):
    """How it began, where a crash says what it was, and how it ended."""
    return lines if len(lines) <= FIRST + LAST else lines[:FIRST] + ["..."] + lines[-LAST:]


def errors_of(test):
    return ends((test.get("stderr") or "").strip().splitlines())


def last_lines(test, output):
    """Of what a program said: its errors, and the end of its output but for good lines."""
    told = [line for line in output.splitlines() if line.strip() and not line.startswith(("ok", "1.."))]
    return told[-LAST:] + errors_of(test)


class Tally:
    def __init__(self):
        self.passed = 0
        self.failures = []
        self.skipped = []

    @property
    def failed(self):
        return len(self.failures)

    def fail(self, name, reason):
        self.failures.append((name, reason.strip() or "no reason given"))

    def skip(self, name, reason):
        self.skipped.append((name, reason.strip() or "no reason given"))

    def add_program(self, test):
        """One entry of meson's testlog.json."""
        output = test.get("stdout") or ""
        failed_before = self.failed
        counted = self.add_tap(test["name"], output)
        if test["result"] == "SKIP":
            if not counted:
                lines = (output + "\n" + (test.get("stderr") or "")).strip().splitlines()
                self.skip(test["name"], lines[-1] if lines else "it ran no test")
        elif test["result"] not in GOOD:
            # A crash, a time-out or a bad exit code fails even if every line it printed was good.
            if self.failed == failed_before:
                self.fail(test["name"], f"{test['result']}: " + " | ".join(last_lines(test, output)))
            elif test.get("stderr"):
                name, reason = self.failures[-1]
                self.failures[-1] = (name, " | ".join([reason] + errors_of(test)))
        elif not counted:
            self.passed += 1

    def add_tap(self, program, output):
        counted = 0
        for line in output.splitlines():
            plan = PLAN.match(line)
            if plan and plan["reason"] is not None:
                self.skip(program, plan["reason"])
                counted += 1
            found = TAP.match(line)
            if not found:
                continue
            counted += 1
            word = (found["word"] or "").lower()
            if word == "skip":
                self.skip(f"{program}: {found['name'].strip()}", found["reason"] or "")
            elif found["not"] and word != "todo":
                self.fail(program, found["name"])
            else:
                self.passed += 1
        return counted


# A test's result, its output, and what it counts: passed, failed, skipped.
EXAMPLES = [
    ("OK", "1..2\nok 1 - a.c:x:y: Passed\nok 2 - b\n", (2, 0, 0)),
    ("FAIL", "1..2\nok 1 - a\nnot ok 2 - b # of many\n", (1, 1, 0)),
    ("ERROR", "1..2\nok 1 - a\n", (1, 1, 0)),
    ("TIMEOUT", "", (0, 1, 0)),
    ("ERROR", "1..1\nnot ok 1 - a\n", (0, 1, 0)),
    ("OK", "1..2\nok 1 - a # SKIP no server\nok 2 - b\n", (1, 0, 1)),
    ("SKIP", "1..0 # SKIP no server\n", (0, 0, 1)),
    ("SKIP", "1..0\n", (0, 0, 1)),
    ("SKIP", "no server\n", (0, 0, 1)),
    ("OK", "not TAP at all\n", (1, 0, 0)),
    ("FAIL", "not TAP at all\n", (0, 1, 0)),
    ("OK", "1..1\nnot ok 1 - a # TO" "DO later\n", (1, 0, 0)),
    ("EXPECTEDFAIL", "", (1, 0, 0)),
    ("UNEXPECTEDPASS", "", (0, 1, 0)),
]


def self_check():
    wrong = 0
    print(f"1..{len(EXAMPLES)}")
    for number, (result, output, expected) in enumerate(EXAMPLES, 1):
        tally = Tally()
        tally.add_program({"name": "x", "result": result, "stdout": output})
        good = (tally.passed, tally.failed, len(tally.skipped)) == expected
        wrong += not good
        print(f"{'ok' if good else 'not ok'} {number} - {result} with {output.count(chr(10))} lines counts {expected}")
    return int(wrong > 0)


def main():
    if sys.argv[1] == "--self-check":
        return self_check()
    tally = Tally()
    try:
        with open(sys.argv[1], encoding="utf-8", errors="replace") as log:
            for line in log:
                tally.add_program(json.loads(line))
    except FileNotFoundError:
        print("no test ran", file=sys.stderr)
    for word, tests in (("failed", tally.failures), ("skipped", tally.skipped)):
        for name, reason in tests:
            print(f"{word}: {name}: {reason}")
    print(f"{tally.passed} passed, {tally.failed} failed, {len(tally.skipped)} skipped")
    nothing_ran = tally.passed + tally.failed == 0
    forbidden = os.environ.get("CI") == "true" and tally.skipped
    return 1 if tally.failed or nothing_ran or forbidden else 0


if __name__ == "__main__":
    sys.exit(main())
