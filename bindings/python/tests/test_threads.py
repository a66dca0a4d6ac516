# SPDX-License-Identifier: Apache-2.0
"""Several threads with one object: what one closes while others use it lives until they are through."""

import gc
import sys
import threading
import time
import weakref

import pytest
from conftest import by_time
from incload._incload import ffi, lib

import incload


class Slow:
    """A database whose statement SLOW takes its time."""

    def __init__(self):
        self.mock = ffi.gc(lib.incload_mock_new(ffi.NULL), lib.incload_mock_unref)
        assert lib.incload_mock_delay(self.mock, b"SLOW", 0, 300, ffi.NULL) == 0
        self.database = incload.Database.__new__(incload.Database)
        self.database._hold(lib.incload_mock_database(self.mock, ffi.NULL, ffi.NULL, ffi.NULL, ffi.NULL))

    def wait_for_statement(self):
        while lib.incload_mock_statement_count(self.mock) == 0:
            time.sleep(0.001)


@pytest.fixture
def slow():
    return Slow()


@pytest.fixture
def eager():
    """Threads take turns as often as they can."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


def in_thread(work):
    """A thread and what it will have come to: a result or an exception."""
    ended = []

    def run():
        try:
            ended.append(work())
        except BaseException as exception:
            ended.append(exception)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, ended


@pytest.mark.parametrize("of", ["database", "call"])
def test_a_statement_outlives_what_another_thread_closes(slow, of):
    handle = slow.database if of == "database" else slow.database.call()
    held = weakref.ref(handle._held)
    thread, ended = in_thread(lambda: handle.execute("SLOW"))
    slow.wait_for_statement()
    handle.close()
    assert held() is not None and lib.incload_mock_open_connection_count(slow.mock) == 1
    thread.join()
    assert ended == [0] and held() is None
    slow.database.close()
    assert lib.incload_mock_open_connection_count(slow.mock) == 0
    with pytest.raises(incload.InterfaceError, match=f"this {type(handle).__name__} is closed"):
        handle.execute("SLOW")


def test_a_load_outlives_all_that_it_was_made_of(shop, lake):
    entered, go_on = threading.Event(), threading.Event()

    def process(batch):
        entered.set()
        assert go_on.wait(30)

    strategy = incload.upsert(key="id")
    load = incload.Load(shop, "orders", lake, "orders", strategy, process=process)
    thread, ended = in_thread(load.run)
    assert entered.wait(30)
    for handle in (shop, lake, strategy, load):
        handle.close()
    go_on.set()
    thread.join()
    assert ended[0].rows_written == 100


def test_texts_are_read_whole_while_another_thread_closes(lake, eager):
    step = incload.Function(lambda unit: None, name="f")
    for _ in range(300):
        run = step.run()
        told = run.id
        reading = threading.Event()

        def read(run=run, told=told, reading=reading):
            while True:
                assert run.id == told and run.status == "SUCCESS" and run.watermark is None
                assert run.steps["f"].name == "f"
                reading.set()

        thread, ended = in_thread(read)
        assert reading.wait(30)
        run.close()
        thread.join()
        assert isinstance(ended[0], incload.InterfaceError) and "this Run is closed" in str(ended[0])


def test_what_a_step_did_is_told_after_its_run_is_closed(shop, lake):
    pipeline = incload.Pipeline("p")
    pipeline.load("orders", shop, "orders", lake, "orders", incload.timestamp(**by_time))
    pipeline.step(lambda unit: {"rows": 100}, name="tell", depends_on="orders")
    upsert = incload.upsert(key="id")
    group = incload.Group([incload.Load(shop, "orders", lake, into, upsert) for into in ("a", "b")], name="g")
    with pipeline.run() as run, group.run() as both:
        steps, loads = run.steps, both.loads
    del run, both, pipeline, group
    gc.collect()
    others = [incload.Pipeline("others") for _ in range(100)]  # in memory that was given back, if any was
    assert (steps["orders"].rows_written, steps["orders"].status) == (100, "SUCCESS")
    assert steps["tell"].result == {"rows": 100} and loads[1].rows_read == 100
    assert len(others) == 100


def test_what_is_closed_is_given_back_although_its_error_is_kept(slow):
    lib.incload_mock_fail(slow.mock, b"BAD", 0, b"42601", 0, b"no", ffi.NULL)
    call = slow.database.call()
    kept = []
    for handle in (call, slow.database):
        held = weakref.ref(handle._held)
        with pytest.raises(incload.Error) as told:
            handle.execute("BAD")
        kept.append(told)
        handle.close()
        assert held() is None
    assert lib.incload_mock_open_connection_count(slow.mock) == 0


def test_a_unit_is_refused_to_threads_that_keep_it(eager):
    ended = []

    def left(unit):
        asked = threading.Event()

        def ask():
            while not unit.cancelled:
                assert unit.step == "left"
                asked.set()

        thread, told = in_thread(ask)
        assert asked.wait(30)
        ended.append((thread, told))

    incload.backfill(start=0, end=200, parallel=2, name="left")(left).run()
    assert len(ended) == 200
    for thread, told in ended:
        thread.join()
        assert isinstance(told[0], incload.InterfaceError) and "this unit was handed to has returned" in str(told[0])
