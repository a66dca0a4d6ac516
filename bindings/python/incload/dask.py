# SPDX-License-Identifier: Apache-2.0
"""A backfill on the workers of Dask: ``pip install incload[dask]``."""

from __future__ import annotations

import contextlib
import time
from typing import Any, Dict, List, Optional

from distributed import Client, wait

from . import engines
from .engines import Make, Part, SharedRun

__all__ = ["run_backfill"]


def run_backfill(
    client: Client,
    make: Make,
    *,
    workers: Optional[int] = None,
    run_key: Optional[str] = None,
    check: bool = True,
    **options: Any,
) -> SharedRun:
    """Has ``workers`` workers (all, when not told) do the units of the backfill that ``make`` makes in each of them.

    ``make`` takes no argument and returns a Backfill that a ledger keeps: a load's, or a function's after
    ``kept_in(ledger)``. Options of a run go to each worker: ``parallel``, its threads; ``lease``, after how long
    without a sign of life its units go to others; ``timeout``. With ``run_key`` whoever uses the same key takes part in
    the same run; without one the run is new, and does what is missing. Returns, or raises, with the end of the run; an
    exception such as KeyboardInterrupt cancels it on all workers.
    """
    told = engines.run_options(options, run_key)
    addresses = sorted(client.nthreads())[:workers]
    if not addresses:
        raise ValueError("the cluster has no worker: start some, or wait for them by client.wait_for_workers()")
    futures = [
        client.submit(engines.part, make, told, workers=[address], allow_other_workers=True, pure=False)
        for address in addresses
    ]
    try:
        wait(futures)
        parts: List[Part] = [future.result() for future in futures if future.status == "finished"]
        lost = [future.exception() for future in futures if future.status == "error"]
    except BaseException:
        _end(client, futures, make, told)
        raise
    return engines.gathered(parts, lost, check)


def _end(client: Client, futures: List[Any], make: Make, told: Dict[str, Any]) -> None:
    """Cancels the run, again for a part that was about to begin it, and waits for the parts."""
    until = time.monotonic() + engines.END_SECONDS
    ended = False
    while not ended and time.monotonic() < until:
        engines.cancel(make, told)
        with contextlib.suppress(TimeoutError):
            wait(futures, timeout=1)
            ended = True
    client.cancel(futures)
