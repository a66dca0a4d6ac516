# SPDX-License-Identifier: Apache-2.0
"""What the tests of engines share. Whatever travels to a worker is a function within a function, and holds texts."""

import os
import signal
import threading
import time

from conftest import count

import incload

DAYS = 28  # of January 2024, on which the orders lie


def days_of(place, process=None):
    """What makes a backfill of the orders, day by day, in whichever process."""

    shop, lake, ledger = place.shop, place.lake, place.ledger

    def make():
        options = {"ledger": ledger} if ledger else {}
        return incload.backfill_load(
            incload.Database(shop),
            "orders",
            incload.Database(lake, **options),
            "py_copy",
            column="updated_at",
            start="2024-01-01",
            through="2024-01-28",
            load={"process": process} if process else None,
        )

    return make


def orders_of(place):
    """What makes a load of the orders between two times."""

    def orders(start, end):
        """Orders, day by day."""
        return incload.backfill_load(
            incload.Database(place.shop),
            "orders",
            place.database(),
            "py_copy",
            column="updated_at",
            start=start,
            end=end,
            parallel=2,
        )

    return orders


def held_once(signs):
    """A process function: the first process that calls it writes its id, and is held until it is killed."""

    def hold(batch):
        try:
            file = os.open(os.path.join(signs, "held.part"), os.O_CREAT | os.O_EXCL | os.O_WRONLY)
        except FileExistsError:
            return
        os.write(file, str(os.getpid()).encode())
        os.close(file)
        os.rename(os.path.join(signs, "held.part"), os.path.join(signs, "held"))
        open(os.path.join(signs, "held.part"), "w").close()
        threading.Event().wait(120)

    return hold


def kill_the_held(signs):
    """Kills that process as soon as it has come to it: on a thread, which is returned."""

    def kill():
        sign = os.path.join(signs, "held")
        until = time.monotonic() + 120
        while not os.path.exists(sign) and time.monotonic() < until:
            time.sleep(0.02)
        with open(sign, encoding="ascii") as file:
            os.kill(int(file.read()), signal.SIGKILL)

    thread = threading.Thread(target=kill)
    thread.start()
    return thread


def all_landed_once(place, run):
    """Each row is there once, and the ledger counted each once."""
    with place.database() as lake:
        assert count(lake, "SELECT count(*) FROM py_copy") == 100
        assert count(lake, "SELECT count(DISTINCT id) FROM py_copy") == 100
        units = list(incload.units_of(lake, run.run_id))
        assert len(units) == DAYS and {unit.status for unit in units} == {"SUCCESS"}
        assert sum(unit.rows_written for unit in units) == 100
        return units


def fails_on(place, *labels):
    """What makes a backfill of a function that writes down each call, and fails on some days until it is mended."""
    lake, ledger, signs = place.lake, place.ledger, place.signs

    def make():
        @incload.backfill(start="2024-01-01", through="2024-01-28", name="days")
        def days(unit):
            with open(os.path.join(signs, "calls"), "a", encoding="ascii") as file:
                file.write(unit.label + "\n")
            if unit.label in labels and not os.path.exists(os.path.join(signs, "mended")):
                raise ConnectionError(unit.label)

        return days.kept_in(incload.Database(lake, **({"ledger": ledger} if ledger else {})))

    return make


def calls(place):
    with open(os.path.join(place.signs, "calls"), encoding="ascii") as file:
        return sorted(file.read().split())
