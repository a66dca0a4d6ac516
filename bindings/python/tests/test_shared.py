# SPDX-License-Identifier: Apache-2.0
"""A run that processes share by its key: each may leave, and one may cancel it for all."""

import pickle
import subprocess
import sys
import textwrap

import pytest

import incload

WAITS = """
import sys, threading, time, incload
entered = threading.Event()
lake, ledger, sign = sys.argv[1:4]
def waits(unit):
    if not entered.is_set():
        entered.set()
        print("in", flush=True)
    while not unit.cancelled:
        time.sleep(0.01)
    raise incload.Fail("told to stop")
step = incload.backfill(start=0, end=4, name="shared")(waits)
step.kept_in(incload.Database(lake, **({"ledger": ledger} if ledger else {})))
run = step.start(run_key="key", lease="3s")
entered.wait()
"""


def _other(place, text):
    """Another process that is at a unit of the run."""
    program = subprocess.Popen(
        [sys.executable, "-c", WAITS + textwrap.dedent(text), place.lake, place.ledger, place.signs],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert program.stdout.readline() == "in\n", program.communicate()[1]
    return program


def _step(place, function):
    return incload.backfill(start=0, end=4, name="shared")(function).kept_in(place.database())


def test_the_interpreter_ends_and_the_run_goes_on_elsewhere(place):
    program = _other(place, "")  # its script is through: the interpreter ends
    done = []
    run = _step(place, lambda unit: done.append(unit.low)).run(run_key="key", lease="3s")
    out, err = program.communicate(timeout=30)
    assert program.returncode == 0 and err == "", err
    assert sorted(done) == [0, 1, 2, 3] and run.units["SUCCESS"] == 4
    with place.database() as lake:
        entry = next(incload.history_of(lake, "shared"))
    assert entry.status == "SUCCESS" and entry.run_id == run.id


def test_a_process_that_leaves_ends_and_gives_its_unit_back(place):
    program = _other(
        place,
        """
        run.leave()
        try:
            run.wait()
            print("ended", run.status, run.units, flush=True)
        except incload.CancelledError:
            print("left", flush=True)
        """,
    )
    out, err = program.communicate(timeout=60)
    assert (out, program.returncode) == ("left\n", 0), err
    with place.database() as lake:
        (entry,) = incload.history_of(lake, "shared")
    assert entry.status == "RUNNING"  # it was left, not cancelled
    assert _step(place, lambda unit: None).run(run_key="key").units["SUCCESS"] == 4


def test_a_run_is_cancelled_from_its_ledger(place):
    program = _other(
        place,
        """
        try:
            run.wait()
        except incload.CancelledError:
            print("cancelled", flush=True)
        """,
    )
    with place.database() as lake:
        assert incload.cancel_run(lake, key="key") and not incload.cancel_run(lake, "0" * 32)
        out, err = program.communicate(timeout=60)
        assert out.endswith("cancelled\n"), err
        entry = next(incload.history_of(lake, "shared"))
        assert entry.status == "CANCELLED" and not incload.cancel_run(lake, entry.run_id)


def test_an_error_passes_to_another_process_without_its_run(lake):
    with pytest.raises(incload.Error) as told:
        incload.Function(lambda unit: 1 / 0, name="f").run()
    copy = pickle.loads(pickle.dumps(told.value))
    assert type(copy) is type(told.value) and str(copy) == str(told.value)
    assert copy.name == told.value.name and copy.run is None
