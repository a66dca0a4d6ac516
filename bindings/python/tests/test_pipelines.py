# SPDX-License-Identifier: Apache-2.0
"""Pipelines and backfills, driven by Python's own threads."""

import datetime
import threading
import time

import pytest
from conftest import by_time, count, in_thread, until_cancelled

import incload


def test_results_are_handed_on_and_steps_run_on_pythons_threads(shop, lake):
    names = set()
    nightly = incload.Pipeline("nightly")
    orders = nightly.load("orders", shop, "orders", lake, "orders", incload.timestamp(**by_time))

    @nightly.step(depends_on=[orders])
    def totals(unit):
        names.add(threading.current_thread().name.split("-")[0])
        return {"rows": count(lake, "SELECT count(*) FROM orders")}

    @nightly.step(depends_on=totals)
    def report(unit):
        return unit.input("totals")["rows"] + 1

    run = nightly.run(parallel=2)
    assert run.steps["orders"].rows_written == 100
    assert run.steps["totals"].result == {"rows": 100} and run.steps["report"].result == 101
    assert names == {"incload"}
    assert totals.function is not None and "orders" in nightly.render("dot")


def test_nobody_waits_for_a_run_that_nobody_works_at(lake):
    pipeline = incload.Pipeline("p", ledger=lake)
    pipeline.step(lambda unit: None, name="one")
    for wait in (pipeline.run, pipeline.resume):
        with pytest.raises(incload.ProgrammingError, match="parallel=0"):
            wait(parallel=0)


def test_a_failed_step_skips_those_behind_it_alone(lake):
    pipeline = incload.Pipeline("p")

    @pipeline.step
    def bad(unit):
        raise ValueError("no good")

    @pipeline.step(depends_on=bad)
    def behind(unit):
        raise AssertionError("must not run")

    @pipeline.step
    def other(unit):
        return b"\x00raw"

    with pytest.raises(incload.Error, match="no good") as told:
        pipeline.run()
    run = told.value.run
    assert {name: step.status for name, step in run.steps.items()} == {
        "bad": "FAILED",
        "behind": "SKIPPED",
        "other": "SUCCESS",
    }
    assert run.steps["other"].result == b"\x00raw" and run.steps["behind"].reason == "UPSTREAM_FAILED"
    assert isinstance(told.value.__cause__, ValueError)


def test_the_exception_of_a_load_in_a_pipeline_is_its_cause(shop, lake):
    def fail(batch):
        raise LookupError("not these")

    pipeline = incload.Pipeline("p")
    pipeline.load("orders", shop, "orders", lake, "orders", incload.append(), process=fail)
    with pytest.raises(incload.CallbackError, match="not these") as told:
        pipeline.run()
    assert isinstance(told.value.__cause__, LookupError)


def test_conditions_skips_and_retries():
    pipeline = incload.Pipeline("p")
    calls = []

    @pipeline.step(condition=lambda unit: False)
    def never(unit):
        calls.append("never")

    @pipeline.step(retries=3, retry_delay=1)
    def third_time(unit):
        calls.append(unit.attempt)
        if unit.attempt < 3:
            raise incload.Retry("again", delay=0.001)

    @pipeline.step
    def leaves(unit):
        raise incload.Skip

    run = pipeline.run()
    assert calls == [1, 2, 3]
    assert run.steps["never"].status == run.steps["leaves"].status == "SKIPPED"


def test_fail_is_for_good():
    with pytest.raises(incload.Error, match="over") as told:
        incload.Function(_fails_for_good).run()
    assert isinstance(told.value.__cause__, incload.Fail)


def _fails_for_good(unit):
    raise incload.Fail("over")


def test_garbage_as_a_result_fails_its_unit_only():
    pipeline = incload.Pipeline("p")
    pipeline.step(lambda unit: object(), name="bad")
    pipeline.step(lambda unit: 1, name="good")
    run = pipeline.run(check=False)
    assert run.steps["bad"].status == "FAILED" and run.steps["good"].result == 1


def test_a_cycle_is_told_as_a_path():
    pipeline = incload.Pipeline("p")
    pipeline.step(lambda unit: None, name="a", depends_on="b")
    pipeline.step(lambda unit: None, name="b", depends_on="a")
    with pytest.raises(incload.ProgrammingError, match="a.*b.*a"):
        pipeline.validate()


def test_a_run_is_resumed_from_what_failed(lake):
    broken = [True]
    calls = []
    pipeline = incload.Pipeline("again", ledger=lake)

    @pipeline.step
    def first(unit):
        calls.append("first")
        return "kept"

    @pipeline.step(depends_on=first)
    def second(unit):
        calls.append("second")
        if broken[0]:
            raise OSError("down")
        return unit.input("first")

    with pytest.raises(incload.Error) as told:
        pipeline.run()
    broken[0] = False
    run = told.value.run.resume()
    assert calls == ["first", "second", "second"] and run.steps["second"].result == "kept"
    entry = next(incload.history_of(lake, "again"))
    assert entry.status == "SUCCESS" and entry.run_id == run.id
    assert {unit.label for unit in incload.units_of(lake, run.id)} == {"first", "second"}


def test_a_run_that_is_not_there_cannot_be_resumed(lake):
    pipeline = incload.Pipeline("again", ledger=lake)
    pipeline.step(lambda unit: None, name="only")
    with pytest.raises(incload.Error) as told:
        pipeline.resume("nosuch")
    assert told.value.name == "INCLOAD_E_NOT_FOUND"


def test_the_seed_case_of_backfills(lake):
    """91 days, 4 side by side; three fail at first, are reported, and alone run again."""
    bad = {"2024-01-15", "2024-02-11", "2024-03-30"}
    seen = []

    @incload.backfill(start=datetime.date(2024, 1, 1), through=datetime.date(2024, 3, 31), parallel=4)
    def process_day(unit):
        seen.append(unit.label)
        if unit.label in bad:
            raise ConnectionError(unit.label)

    run = process_day.run(ledger=lake, check=False)
    assert {unit.label for unit in run.failed} == bad and run.units["SUCCESS"] == 88
    assert all(isinstance(unit.error.__cause__, ConnectionError) for unit in run.failed)
    assert process_day.plan(ledger=lake).taken == 3
    bad.clear()
    seen.clear()
    process_day.run(ledger=lake)
    assert sorted(seen) == ["2024-01-15", "2024-02-11", "2024-03-30"]
    seen.clear()
    process_day.run(ledger=lake)
    assert seen == []


def test_units_of_a_backfill_run_side_by_side():
    meeting = threading.Barrier(4, timeout=10)

    @incload.backfill(start=0, end=4, parallel=4)
    def part(unit):
        meeting.wait()
        assert (unit.low, unit.high) == (
            int(unit.label.split("..")[0].strip("[ ")) if ".." in unit.label else unit.low,
            unit.low + 1,
        )

    assert part.run().units["SUCCESS"] == 4


def test_keys_and_their_product_with_days():
    seen = set()

    @incload.backfill(keys=["north", "south"])
    def region(unit):
        seen.add(unit.key)

    region.run()
    assert seen == {"north", "south"}
    pairs = set()

    @incload.backfill(start="2024-01-01", through="2024-01-03", keys=["a", "b"])
    def both(unit):
        pairs.add((unit.start.date().day, unit.key))

    both.run()
    assert len(pairs) == 6


def test_a_load_over_a_range(shop, server):
    step = incload.backfill_load(
        shop, "orders", server, "py_copy", column="updated_at", start="2024-01-01", through="2024-01-28", parallel=2
    )
    run = step.run()
    assert run.units["SUCCESS"] == 28 and count(server, "SELECT count(*) FROM py_copy") == 100
    assert step.plan().taken == 0


def test_two_pipelines_in_two_threads(shop, server):
    def run(into):
        for _ in range(5):
            pipeline = incload.Pipeline(into)
            pipeline.load("orders", shop, "orders", server, into, incload.upsert(key="id"))
            pipeline.step(lambda unit: unit.step, name="tell", depends_on="orders")
            done = pipeline.run(parallel=2)
            assert done.steps["tell"].result == "tell" and done.steps["orders"].rows_read == 100

    tables = ("py_orders", "py_copy")
    both = [in_thread(lambda into=into: run(into)) for into in tables]
    for thread, _ in both:
        thread.join()
    assert [ended for _, ended in both] == [[None], [None]]
    assert [count(server, f"SELECT count(*) FROM {into}") for into in tables] == [100, 100]


def test_cancel_reaches_units_that_ask():
    entered = threading.Event()

    def waits(unit):
        entered.set()
        until_cancelled(unit)
        raise incload.Fail("told to stop")

    run = incload.Function(waits, name="waits").start()
    assert entered.wait(10)
    begun = time.monotonic()
    run.cancel()
    with pytest.raises(incload.CancelledError):
        run.wait()
    assert time.monotonic() - begun < 5


def test_reports(tmp_path):
    pipeline = incload.Pipeline("p")
    pipeline.step(lambda unit: None, name="one")
    run = pipeline.run()
    assert run.report(tmp_path / "run.html") is None and "<html" in (tmp_path / "run.html").read_text()[:200].lower()
    assert "one" in run.report(format="mermaid")
