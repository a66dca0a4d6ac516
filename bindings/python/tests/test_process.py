# SPDX-License-Identifier: Apache-2.0
"""What concerns the whole process: Ctrl-C, the end of the interpreter, handles, asyncio."""

import asyncio
import gc
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time

import pyarrow
import pytest
from conftest import URLS, by_time, count, in_thread, until_cancelled

import incload
from incload import functions


def _program(text, **named):
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(text)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **named,
    )


def test_ctrl_c_cancels_within_half_a_second():
    program = _program("""
        import time, incload
        def waits(unit):
            print("in", flush=True)
            while not unit.cancelled:
                time.sleep(0.01)
        try:
            incload.Function(waits, name="waits").run()
        except KeyboardInterrupt:
            print("interrupted", flush=True)
        """)
    assert program.stdout.readline() == "in\n"
    begun = time.monotonic()
    os.kill(program.pid, signal.SIGINT)
    out, err = program.communicate(timeout=20)
    assert out == "interrupted\n", err
    # Half a second for the library, and as much for the interpreter's own end.
    assert time.monotonic() - begun < 1.0


# A query that takes long, and whether the server is at it.
SLOW = {
    "postgres": (
        "SELECT 1 AS id, pg_sleep(60)::text AS s",
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()",
    ),
    "mariadb": (
        "SELECT 1 AS id, SLEEP(60) AS s",
        "SELECT count(*) FROM information_schema.processlist WHERE state = 'User sleep' AND db = DATABASE()",
    ),
}


@pytest.mark.parametrize("kind", sorted(set(URLS) - {"sqlite"}))
def test_ctrl_c_ends_a_query_at_the_server_within_half_a_second(kind, tmp_path):
    with incload.Database(URLS[kind]) as server:
        slow, at_it = SLOW[server.dialect]

        def becomes(working):
            until = time.monotonic() + 60
            while (count(server, at_it) > 0) != working:
                assert time.monotonic() < until, f"the statement {'never began' if working else 'does not end'}"
                time.sleep(0.005)

        program = _program(f"""
            import time, incload
            lake = incload.Database("odbc:Driver=SQLite3;Database={tmp_path}/lake.db")
            load = incload.Load(
                incload.Database({URLS[kind]!r}), {slow!r}, lake, "rows", incload.full_refresh(), query=True
            )
            try:
                load.run()
            except KeyboardInterrupt:
                print(time.monotonic(), flush=True)
            """)
        becomes(True)
        begun = time.monotonic()
        os.kill(program.pid, signal.SIGINT)
        out, err = program.communicate(timeout=60)
        assert program.returncode == 0, err
        assert float(out) - begun < 0.5
        becomes(False)


def test_the_interpreter_ends_with_a_run_in_progress():
    program = _program("""
        import threading, time, incload
        entered = threading.Event()
        def waits(unit):
            print("in", flush=True)
            entered.set()
            while not unit.cancelled:
                time.sleep(0.01)
        run = incload.Function(waits, name="waits").start()
        entered.wait()
        """)
    out, err = program.communicate(timeout=20)
    assert program.returncode == 0 and out == "in\n" and err == ""


def test_ten_thousand_handles_leave_nothing_behind():
    def rss():
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def make(count):
        for _ in range(count):
            incload.timestamp(cursor="t", key="id")
            incload.Function(lambda unit: None, name="f").close()
            incload.Database("odbc:Driver=SQLite3;Database=:memory:")
            incload.Pipeline("p").step(lambda unit: None, name="s")

    make(500)
    gc.collect()
    kept, before = functions.kept_count(), rss()
    make(2500)
    gc.collect()
    assert functions.kept_count() <= kept
    assert rss() - before < 8 << 20


def test_a_run_is_awaited(shop, lake):
    async def main():
        run = await incload.Load(shop, "orders", lake, "orders", incload.timestamp(**by_time)).start()
        assert run.rows_written == 100
        with pytest.raises(incload.ProgrammingError):
            await incload.Load(shop, "nosuch", lake, "orders", incload.append()).start()

    asyncio.run(main())


def test_events_wake_a_loop():
    async def main():
        context = incload.Context()
        pipeline = incload.Pipeline("p", context=context)
        pipeline.step(lambda unit: None, name="one")
        seen = []

        async def read():
            async for event in context.events():
                seen.append(event)

        reader = asyncio.ensure_future(read())
        run = pipeline.start(parallel=1)
        while not (run.finished and any(event.step == "one" for event in seen)):
            await asyncio.sleep(0.01)
        reader.cancel()
        run.wait()
        assert {event.run_id for event in seen} == {run.id}

    asyncio.run(asyncio.wait_for(main(), 20))


def test_a_cancelled_task_cancels_its_run():
    async def main():
        entered = threading.Event()

        def waits(unit):
            entered.set()
            until_cancelled(unit)
            raise incload.Fail("told to stop")

        run = incload.Function(waits, name="waits").start()

        async def see():
            await run

        task = asyncio.ensure_future(see())
        assert await asyncio.get_running_loop().run_in_executor(None, entered.wait, 30)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert run.status == "FAILED"

    asyncio.run(main())


def test_a_task_that_is_cancelled_twice_sees_its_run_to_the_end():
    async def main():
        entered, told, may_end = threading.Event(), threading.Event(), threading.Event()

        def lingers(unit):
            entered.set()
            until_cancelled(unit)
            told.set()
            assert may_end.wait(30)

        async def seen(event):
            assert await asyncio.get_running_loop().run_in_executor(None, event.wait, 30)

        run = incload.Function(lingers, name="lingers").start()

        async def see():
            await run

        task = asyncio.ensure_future(see())
        await seen(entered)
        for _ in range(3):
            task.cancel()
            await seen(told)
            await asyncio.wait([task], timeout=0.05)
            assert not task.done()
        may_end.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert run.finished and not run._threads

    asyncio.run(main())


def test_every_status_has_a_class():
    from incload._incload import lib

    from incload import _calls, errors

    for index in range(1, lib.incload_status_count()):
        name = _calls.text(lib.incload_status_name(lib.incload_status_code(index)))
        assert name[len("INCLOAD_E_") :] in errors._CLASSES, name


def test_the_options_that_type_checkers_know_are_the_librarys():
    tools = os.path.join(os.path.dirname(__file__), "..", "tools", "make_options.py")
    made = subprocess.run([sys.executable, tools], check=True, capture_output=True, text=True).stdout
    with open(os.path.join(os.path.dirname(__file__), "..", "incload", "_options.py"), encoding="utf-8") as file:
        assert file.read() == made


def test_another_thread_interrupts_a_statement(lake, tmp_path):
    def locks():
        """Whether a statement of this process is at the file: it then has a lock of the write-ahead log."""
        log = os.stat(tmp_path / "lake.db-shm").st_ino
        with open("/proc/locks", encoding="ascii") as file:
            return any(f":{log} " in line and 120 <= int(line.split()[-2]) <= 127 for line in file)

    def cancel():
        until = time.monotonic() + 60
        try:
            while not locks():
                assert time.monotonic() < until, "/proc/locks told no lock of the statement within 60 s"
                time.sleep(0.002)
        finally:
            cancelled.append(time.monotonic())
            call.cancel()

    cancelled = []
    with lake.call() as call:
        call.execute("CREATE TABLE t (id INTEGER)")
        assert pyarrow.table(call.query("SELECT 7 AS n")).num_rows == 1
        other, ended = in_thread(cancel)
        with pytest.raises(incload.CancelledError):
            call.execute(
                "CREATE TABLE slow AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
                "WHERE i < 4000000000) SELECT count(*) FROM n"
            )
        returned = time.monotonic()
        other.join()
        assert ended == [None]
        assert returned - cancelled[0] < 0.5
        with pytest.raises(incload.CancelledError):
            call.check()
        lake.check()


def test_a_closed_call_is_refused_and_its_cancel_does_nothing(lake):
    call = lake.call()
    call.close()
    call.close()
    call.cancel()
    for work in (call.check, lambda: call.execute("SELECT 1"), lambda: call.query("SELECT 1")):
        with pytest.raises(incload.InterfaceError, match="this Call is closed"):
            work()
    lake.check()


def test_the_garbage_collector_may_give_functions_back_at_any_time():
    program = _program("""
        import gc, incload
        gc.set_threshold(307)
        def fails(unit):
            raise ValueError("no")
        for _ in range(1500):
            step = incload.Function(fails, name="fails")
            step.itself = step  # only the collector gives it back
            try:
                step.run()
            except incload.Error as error:
                assert str(error.__cause__) == "no"
            else:
                raise SystemExit("it did not fail")
        """)
    try:
        out, err = program.communicate(timeout=60)
    finally:
        program.kill()
    assert (program.returncode, out, err) == (0, "", "")
