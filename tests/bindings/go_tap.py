#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Reads what `go test -json` writes and says it as TAP, without a plan: a line for each test and subtest. What a failed
test wrote goes to the standard error; so does all that is no test's, as when a package cannot be built."""
import json
import sys

LINES = {"pass": "ok - {}", "fail": "not ok - {}", "skip": "ok - {} # SKIP {}"}


def name_of(event):
    return event["Package"].split("/", 1)[-1] + " " + event["Test"]


def reason_of(output):
    """The last thing that a test said, such as why it is skipped."""
    said = [line.split(": ", 1)[-1].strip() for line in output if line.startswith("    ")]
    return said[-1] if said else ""


def tell_unended(outputs):
    """A program that dies takes the test with it that was at work, and never says how that ended."""
    for test, output in list(outputs.items()):
        if test[1]:
            print(LINES["fail"].format(name_of({"Package": test[0], "Test": test[1]})), flush=True)
            sys.stderr.writelines("# " + said.rstrip("\n") + "\n" for said in outputs.pop(test))


def main():
    outputs = {}
    failed = False
    for line in sys.stdin:
        try:
            event = json.loads(line)
        except ValueError:
            sys.stderr.write("# " + line)
            continue
        test = (event.get("Package", event.get("ImportPath")), event.get("Test"))
        action = event["Action"]
        if action in ("output", "build-output"):
            outputs.setdefault(test, []).append(event["Output"])
        elif action in LINES or action == "build-fail":
            output = outputs.pop(test, [])
            if "fail" in action:
                failed = True
                if not event.get("Test"):
                    tell_unended(outputs)
                sys.stderr.writelines("# " + said.rstrip("\n") + "\n" for said in output)
            if event.get("Test"):
                print(LINES[action].format(name_of(event), reason_of(output)).strip(), flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
