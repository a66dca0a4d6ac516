# SPDX-License-Identifier: Apache-2.0
"""Several threads with one object: what one closes while others use it lives until they are through."""

import asyncio
import gc
import glob
import os
import subprocess
import sys
import textwrap
import threading
import time
import weakref

import pytest
from conftest import by_time, in_thread, sqlite

import incload
from incload import _calls, context, progress, runs


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


async def awaited(run):
    return await run


SEE = {
    "wait": lambda run: run.wait(),
    "watch": lambda run: run.watch(True),
    "watch lines": lambda run: run.watch("lines"),
    "await": lambda run: asyncio.run(awaited(run)),
    "await events": lambda run: asyncio.run(awaited(run)),
}


@pytest.fixture(params=sorted(SEE))
def seen(request):
    """A way to see a run to its end, and the context of a run for it."""
    return SEE[request.param], incload.Context() if request.param == "await events" else None


def started(function, events):
    run = incload.Function(function, name="f").start()
    run._context = events
    return run, weakref.ref(run._held)


def test_who_waits_sees_the_end_of_a_run_that_another_thread_closes(seen, taken):
    see, events = seen
    go_on = threading.Event()
    run, held = started(lambda unit: go_on.wait(30) and None, events)
    thread, ended = in_thread(lambda: see(run))
    assert taken.wait(30)
    run.close()
    if events is not None:
        events.close()
    assert not ended and held() is not None
    go_on.set()
    thread.join()
    assert ended[0] in (True, run) and held() is None
    assert run not in runs._live


def test_who_waits_is_told_the_failure_of_a_run_that_another_thread_closes(seen, taken):
    see, events = seen
    go_on = threading.Event()

    def fails(unit):
        assert go_on.wait(30)
        raise ValueError("the reason")

    run, held = started(fails, events)
    thread, ended = in_thread(lambda: see(run))
    assert taken.wait(30)
    run.close()
    go_on.set()
    thread.join()
    assert isinstance(ended[0], incload.CallbackError) and str(ended[0].__cause__) == "the reason"
    assert held() is None, "an error that is kept keeps no run that is closed"


@pytest.mark.parametrize(
    "way, exception",
    [
        ("wait", KeyboardInterrupt),
        ("watch", KeyboardInterrupt),
        ("await", KeyboardInterrupt),
        ("await", asyncio.CancelledError),
        ("await events", KeyboardInterrupt),
    ],
)
def test_who_is_interrupted_cancels_a_run_that_another_thread_closes(taken, monkeypatch, way, exception):
    entered, closed, cancelled = threading.Event(), threading.Event(), []

    def works(unit):
        entered.set()
        until = time.monotonic() + 30
        while not unit.cancelled and time.monotonic() < until:
            time.sleep(0.002)
        cancelled.append(unit.cancelled)

    def interrupted(asks):
        def ask(*arguments):
            if closed.is_set():
                closed.clear()
                raise exception
            return asks(*arguments)

        return ask

    # Where who waits asks again and again.
    monkeypatch.setattr(progress, "ended", interrupted(progress.ended))
    monkeypatch.setattr(context, "finished", interrupted(context.finished))
    run, held = started(works, incload.Context() if way == "await events" else None)
    thread, ended = in_thread(lambda: SEE[way](run))
    assert entered.wait(30) and taken.wait(30)
    run.close()
    closed.set()
    thread.join()
    assert isinstance(ended[0], exception) and cancelled == [True]
    assert run not in runs._live
    ended.clear()
    gc.collect()
    assert held() is None


def test_a_run_that_is_closed_or_forgotten_ends_with_the_interpreter(tmp_path):
    """Its function could no longer be called."""
    program = """
        import atexit, threading, time
        told, entered = [], threading.Semaphore(0)
        atexit.register(print, told)  # the last, since it is the first
        import incload
        def works(unit):
            entered.release()
            until = time.monotonic() + 30
            while not unit.cancelled and time.monotonic() < until:
                time.sleep(0.002)
            told.append(unit.cancelled)
        runs = [incload.Function(works, name="f").start() for _ in range(2)]
        for _ in runs:
            entered.acquire()
        runs.pop().close()
        runs.clear()
    """
    ended = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], stdout=subprocess.PIPE, text=True, timeout=60
    )
    assert (ended.returncode, ended.stdout) == (0, "[True, True]\n")


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
