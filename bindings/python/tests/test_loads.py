# SPDX-License-Identifier: Apache-2.0
"""Loads: by time, with process functions, checks and guards, on each kind of database."""

import threading

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from conftest import by_time, count, fill

import incload


def test_rows_since_the_watermark(shop, server):
    run = incload.load(shop, "orders", server, "py_copy", incload.timestamp(**by_time))
    assert run.status == "SUCCESS" and run.rows_written == 100 and run.watermark
    shop.execute("UPDATE orders SET state = 'sent', updated_at = '2024-03-01 00:00:00' WHERE id < 5")
    again = incload.load(shop, "orders", server, "py_copy", incload.timestamp(**by_time))
    assert again.rows_written == 5
    assert count(server, "SELECT count(*) FROM py_copy") == 100
    assert count(server, "SELECT count(*) FROM py_copy WHERE state = 'sent'") == 5


def test_a_process_function_drops_and_changes_rows(shop, lake):
    seen = []

    def paid(batch):
        rows = pa.record_batch(batch)
        seen.append(rows.num_rows)
        rows = rows.filter(pc.equal(rows["state"], "paid"))
        return rows.set_column(1, "state", pc.utf8_upper(rows["state"]))

    run = incload.load(shop, "orders", lake, "orders", incload.timestamp(**by_time), process=paid)
    assert sum(seen) == run.rows_read == 100
    assert run.rows_written == 50 and run.rows_skipped == 50
    assert count(lake, "SELECT count(*) FROM orders WHERE state = 'PAID'") == 50


def test_a_process_function_may_keep_rows_in_place(shop, lake):
    def every_tenth(batch):
        batch.keep(index % 10 == 0 for index in range(len(batch)))

    assert incload.load(shop, "orders", lake, "orders", incload.append(), process=every_tenth).rows_written == 10


def test_an_exception_fails_the_load_and_is_its_cause(shop, lake):
    class Odd(Exception):
        pass

    def fail(batch):
        raise Odd("not this")

    with pytest.raises(incload.CallbackError, match="Odd: not this") as told:
        incload.load(shop, "orders", lake, "orders", incload.timestamp(**by_time), process=fail)
    assert isinstance(told.value.__cause__, Odd)
    assert told.value.run.status == "FAILED"
    assert lake.execute("DELETE FROM orders") == 0


@pytest.mark.parametrize("garbage", [1, "rows", object(), {"id": [1]}])
def test_garbage_from_a_process_function_fails_its_load_only(shop, lake, garbage):
    with pytest.raises(incload.CallbackError) as told:
        incload.load(shop, "orders", lake, "orders", incload.append(), process=lambda batch: garbage)
    assert isinstance(told.value.__cause__, TypeError)
    assert incload.load(shop, "orders", lake, "orders", incload.append()).rows_written == 100


def test_a_batch_is_not_to_be_used_later(shop, lake):
    kept = []
    incload.load(shop, "orders", lake, "orders", incload.append(), process=kept.append)
    with pytest.raises(incload.InterfaceError, match="has returned"):
        len(kept[0])


def test_what_was_exported_outlives_the_run(shop, lake):
    kept = []
    incload.load(
        shop, "orders", lake, "orders", incload.append(), process=lambda batch: kept.append(pa.record_batch(batch))
    )
    assert sum(rows.num_rows for rows in kept) == 100 and kept[0]["state"][1].as_py() == "paid"


def test_checks_refuse_before_anything_is_published(shop, lake):
    step = incload.Load(
        shop,
        "orders",
        lake,
        "orders",
        incload.full_refresh(key="id"),
        checks={"no open order": "SELECT 1 AS bad FROM {staging} WHERE state = 'open'"},
    )
    with pytest.raises(incload.CheckError, match="no open order"):
        step.run()
    assert (
        incload.load(
            shop,
            "orders",
            lake,
            "orders",
            incload.full_refresh(key="id"),
            check=lambda read, staged: read == staged == 100,
        ).rows_written
        == 100
    )
    with pytest.raises(incload.CheckError) as told:
        incload.load(shop, "orders", lake, "orders", incload.full_refresh(key="id"), check=lambda read, staged: False)
    assert told.value.retryable is False


def test_a_query_with_parameters(shop, lake):
    run = incload.load(
        shop,
        "SELECT id, state FROM orders WHERE id < ?",
        lake,
        "few",
        incload.full_refresh(),
        query=True,
        parameters=[7],
    )
    assert run.rows_written == 7


def test_a_group_lands_together(shop, lake):
    fill(shop, "parts", 10)
    loads = [incload.Load(shop, table, lake, table, incload.timestamp(**by_time)) for table in ("orders", "parts")]
    run = incload.Group(loads, name="both").run()
    assert run.rows_written == 110 and [load.rows_written for load in run.loads] == [100, 10]


def test_swap_refuses_a_shrink(shop, lake):
    incload.load(shop, "orders", lake, "orders", incload.swap(min_rows=50))
    shop.execute("DELETE FROM orders WHERE id >= 20")
    with pytest.raises(incload.CheckError, match="min_rows"):
        incload.load(shop, "orders", lake, "orders", incload.swap(min_rows=50))
    assert count(lake, "SELECT count(*) FROM orders") == 100


@pytest.mark.parametrize("preset", ["full_refresh", "swap"])
def test_all_rows_take_the_place_of_those_that_are_there(shop, server, preset):
    options = {"key": "id"} if preset == "full_refresh" else {"min_rows": 50}
    for left in (100, 60):
        shop.execute(f"DELETE FROM orders WHERE id >= {left}")
        run = incload.load(shop, "orders", server, "py_copy", getattr(incload, preset)(**options))
        assert run.rows_written == left and count(server, "SELECT count(*) FROM py_copy") == left
        shop.execute("UPDATE orders SET state = 'sent' WHERE id < 5")
    assert count(server, "SELECT count(*) FROM py_copy WHERE state = 'sent'") == 5


def test_plan_lint_verify_and_recommend(shop, lake):
    lake.execute("CREATE TABLE other (id INTEGER)")
    step = incload.Load(shop, "orders", lake, "orders", incload.timestamp(**by_time))
    plan = step.plan()
    assert plan.statements and plan.to_dict()["road"] == plan.road and str(plan)
    assert any("index" in lint.what or "index" in lint.remedy for lint in step.lint())
    step.run()
    assert step.verify().equal
    lake.execute("DELETE FROM orders WHERE id = 3")
    verification = step.verify()
    assert not verification and verification.missing == 1 and "3" in verification.differences[0].key
    advice = incload.recommend(shop, "orders", lake, "orders", critical=True)
    assert (
        advice.preset == "swap"
        and advice.reason
        and incload.recommend(rows=10**9, has_cursor="yes", cursor="t", has_key="yes", key="id").preset == "timestamp"
    )
    assert incload.load(shop, "orders", lake, "orders", advice.strategy()).rows_written == 100


def test_watermarks(shop, lake):
    incload.load(shop, "orders", lake, "orders", incload.timestamp(**by_time))
    assert list(incload.watermarks(lake)) == ["orders"]
    with incload.Watermark(lake, "orders") as mark:
        assert mark.value and mark.version >= 1 and mark.updated is not None
        mark.reset()
        assert mark.refresh().value is None


def test_errors_have_what_is_known(shop, lake):
    with pytest.raises(incload.ProgrammingError, match="nosuch") as told:
        incload.load(shop, "nosuch", lake, "orders", incload.append())
    error = told.value
    assert error.name == "INCLOAD_E_NOT_FOUND" and error.code < 0 and not error.retryable
    with pytest.raises(incload.ProgrammingError, match="did you mean 'cursor'"):
        incload.timestamp(curser="x")
    with pytest.raises(incload.OperationalError):
        incload.Database("postgresql://nobody@127.0.0.1:1/x", connect_timeout=2000).check()


def test_a_closed_handle_says_so(lake):
    step = incload.Function(lambda unit: None, name="one")
    step.close()
    step.close()
    with pytest.raises(incload.InterfaceError, match="closed"):
        step.run()


def test_cancel_from_another_thread_ends_a_load(shop, lake):
    entered, cancelled = threading.Event(), threading.Event()

    def slow(batch):
        entered.set()
        assert cancelled.wait(30)

    run = incload.Load(shop, "orders", lake, "orders", incload.append(), process=slow).start()
    assert entered.wait(30)
    run.cancel()
    cancelled.set()
    with pytest.raises(incload.CancelledError):
        run.wait()
    assert count(lake, "SELECT count(*) FROM sqlite_master WHERE name = 'orders'") == 0 or (
        count(lake, "SELECT count(*) FROM orders") == 0
    )


def test_progress(shop, lake, capfd):
    incload.load(shop, "orders", lake, "a", incload.append(), progress="lines")
    told = capfd.readouterr().err
    assert "100" in told
    incload.load(shop, "orders", lake, "b", incload.append(), progress=True)
    assert "incload" in capfd.readouterr().err


def test_arrow_streams(shop):
    table = pa.table(shop.query("SELECT id, state FROM orders ORDER BY id"))
    assert table.num_rows == 100 and table.column_names == ["id", "state"]
    stream = shop.query("SELECT id FROM orders")
    pa.table(stream)
    with pytest.raises(incload.InterfaceError, match="read already"):
        pa.table(stream)
