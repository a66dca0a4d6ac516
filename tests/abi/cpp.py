#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every public function is called by the headers of C++, or has a reason why not. Speaks TAP.

    cpp.py SOURCE_ROOT"""
import pathlib
import re
import sys

import declarations
import tap

REASONS = {
    r"\w+_ref": "a handle of C++ holds one reference, and moves",
    r"mock_\w+": "incload/mock.h is outside the promise: tests call it as C",
    r"context_set_\w+": "size-checked tables of functions are C's own",
    r"(strategy_new|strategy_recommend)_in|step_set_context": "they bring memory and a clock; events come by databases",
    r"option_\w+": "for tools that write documents and bindings",
    r"recommendation_(fact|rule_)\w*": "recommendation::json() has all of it",
    r"verify": "what is made can be cancelled",
    r"run_next_unit|unit_complete": "threads take part by run::participate()",
    r"run_unit(_count)?": "run::failed() and unit_history tell of units",
    r"status_\w+": "error::code() and error::name()",
    r"(history|unit_history|run_step)_status": "told as words",
    r"version_number": "version() is text",
}


def read(root):
    include = pathlib.Path(root) / "include"
    functions = [one.name[len("incload_"):] for one in declarations.read(include) if one.kind == "function"]
    text = "".join(path.read_text(encoding="utf-8") for path in sorted((include / "incload").glob("*.hpp")))
    # As arguments too: of detail::call(), detail::handle<> and the like.
    called = set(re.findall(r"\bincload_(\w+)", re.sub(r"/\*.*?\*/|//[^\n]*", "", text, flags=re.S)))
    return functions, called


def missing(functions, called):
    for name in functions:
        if name not in called and not any(re.fullmatch(reason, name) for reason in REASONS):
            yield f"incload_{name} is neither called nor has a reason"


def idle(functions, called):
    for reason in REASONS:
        if all(name in called for name in functions if re.fullmatch(reason, name)):
            yield f"the reason for {reason} is idle"


def self_check():
    if len(list(missing(["run_new_thing", "run_cancel"], {"run_cancel"}))) != 1:
        yield "a function that is not called is not found"


def main():
    functions, called = read(sys.argv[1])
    return tap.run({
        "the check finds a gap": self_check,
        "there are as many functions as there should be": lambda: [] if len(functions) > 400 else [str(len(functions))],
        "every function is called, or has a reason": lambda: missing(functions, called),
        "no reason is idle": lambda: idle(functions, called),
    })


if __name__ == "__main__":
    sys.exit(main())
