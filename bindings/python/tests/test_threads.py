# SPDX-License-Identifier: Apache-2.0
"""Several threads with one object: what one closes while others use it lives until they are through."""

import gc
import glob
import os
import subprocess
import sys
import textwrap
import threading
import weakref

import pytest
from conftest import by_time, in_thread, sqlite

import incload
from incload import _calls


@pytest.fixture
def taken(monkeypatch):
    """Is set as soon as the thread of in_thread() holds what an object of the library is known by: it then is within
    a method of that object, past the question whether it is closed."""
    event, asked = threading.Event(), _calls.Handle._pointer.fget

    def pointer(handle):
        held = asked(handle)
        if threading.current_thread().name == "other":
            event.set()
        return held

    monkeypatch.setattr(_calls.Handle, "_pointer", property(pointer))
    return event


class Locked:
    """A file of SQLite's to which another process writes: statements that write wait until it ends."""

    def __init__(self, path):
        self.path = str(path)
        self.database = sqlite(path)
        self.database.execute("CREATE TABLE t (id INTEGER)")
        program = """
            import sqlite3, sys
            writer = sqlite3.connect(sys.argv[1])
            writer.execute("BEGIN IMMEDIATE")
            print(flush=True)
            sys.stdin.read()
        """
        self.other = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(program), self.path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self.other.stdout.readline() == b"\n"

    def unlock(self):
        with self.other as other:
            other.stdin.close()

    def connections(self):
        files = glob.glob("/proc/self/fd/*")
        return sum(os.path.exists(file) and os.path.realpath(file) == self.path for file in files)


@pytest.fixture
def locked(tmp_path):
    made = Locked(tmp_path / "locked.db")
    yield made
    made.unlock()


@pytest.fixture
def eager():
    """Threads take turns as often as they can."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.parametrize("of", ["database", "call"])
def test_a_statement_outlives_what_another_thread_closes(locked, taken, of):
    handle = locked.database if of == "database" else locked.database.call()
    held = weakref.ref(handle._held)
    thread, ended = in_thread(lambda: handle.execute("INSERT INTO t VALUES (1)"))
    assert taken.wait(30)
    handle.close()
    assert held() is not None and locked.connections() > 0 and not ended
    locked.unlock()
    thread.join()
    assert ended == [1] and held() is None
    locked.database.close()
    assert locked.connections() == 0
    with pytest.raises(incload.InterfaceError, match=f"this {type(handle).__name__} is closed"):
        handle.execute("DELETE FROM t")


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


def test_what_is_closed_is_given_back_although_its_error_is_kept(lake, tmp_path):
    call = lake.call()
    kept = []
    for handle in (call, lake):
        held = weakref.ref(handle._held)
        with pytest.raises(incload.Error) as told:
            handle.execute("BAD")
        kept.append(told)
        handle.close()
        assert held() is None


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
