# SPDX-License-Identifier: Apache-2.0
"""Every public function of the library has its place in this package, or a reason why not."""

import pathlib
import re

from incload._incload import lib

import incload

REASONS = {
    r"\w+_ref": "an object of Python holds one reference",
    r"mock_\w+": "databases that fail on demand serve the tests of programs in C",
    r"context_set_(allocator|clock|random)": "functions of C",
    r"(strategy_new|strategy_recommend)_in|step_set_context": "they bring memory and a clock; events come by databases",
    r"option_\w+": "for tools/make_options.py, which writes what type checkers know",
    r"plan_\w+": "Plan.to_dict() has all of it",
    r"recommendation_(fact|rule|ideal)\w*": "Recommendation.to_dict() has all of it",
    r"lint_(text|json)": "lint() gives objects",
    r"pipeline_resume|step_replay_rejects": "started and waited for as well",
    r"(pipeline|step)_run": "a run is started, and waited for in slices, so that Ctrl-C comes through",
    r"run_next_unit|unit_complete": "Python's threads take part in runs",
    r"run_unit(_count)?": "run.units, run.failed and incload.units_of() tell of units",
    r"status_(code|count|name)": "statuses are classes of exceptions",
    r"(history|unit_history|run|run_step)_status|unit_history_(place|error_code)": "told as words, in their order",
    r"verification_(new|run|cancel|bytes|duration_us|rows_read|digest|digest_reason)": "Load.verify() does it at once",
    r"version_number": "incload.version() is text",
}


def test_every_function_is_wrapped_or_has_a_reason():
    text = "".join(path.read_text() for path in pathlib.Path(incload.__file__).parent.glob("*.py"))
    called = set(re.findall(r"\blib\.incload_(\w+)", text))
    # Those whose names are put together, by the helpers of their classes.
    for kind in ("run", "recommendation", "verification"):
        called |= {f"{kind}_{name}" for name in re.findall(r'_(?:number|text)\("(\w+)"\)', text)}
    called |= {f"{kind}_unref" for kind in re.findall(r'_kind = "(\w+)"', text)}
    named = [name[len("incload_") :] for name in dir(lib) if re.match("incload_(?!python_)", name)]
    assert len(named) > 300
    missing = [
        name for name in named if name not in called and not any(re.fullmatch(reason, name) for reason in REASONS)
    ]
    assert missing == []
    idle = [reason for reason in REASONS if not any(re.fullmatch(reason, name) for name in named)]
    assert idle == []
