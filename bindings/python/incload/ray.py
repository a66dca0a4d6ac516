# SPDX-License-Identifier: Apache-2.0
"""A backfill on the workers of Ray: ``pip install incload[ray]``."""

from __future__ import annotations

import time
from typing import Any, Dict, List, Mapping, Optional

import ray

from . import engines
from .engines import Make, Part, SharedRun

__all__ = ["run_backfill"]


def run_backfill(
    make: Make,
    *,
    workers: Optional[int] = None,
    run_key: Optional[str] = None,
    check: bool = True,
    remote: Optional[Mapping[str, Any]] = None,
    **options: Any,
) -> SharedRun:
    """Has ``workers`` tasks (one for each CPU of the cluster, when not told) do the units of the backfill that ``make``
    makes in each of them. ``remote`` are options of ``ray.remote``, such as ``num_cpus``; all else is as for
    incload.dask.run_backfill()."""
    told = engines.run_options(options, run_key)
    count = workers or max(1, int(ray.cluster_resources().get("CPU", 1)))
    task = ray.remote(**{"num_cpus": 1, "max_retries": 3, **(remote or {})})(engines.part)
    references = [task.remote(make, told) for _ in range(count)]
    parts: List[Part] = []
    lost: List[BaseException] = []
    try:
        for reference in references:
            try:
                parts.append(ray.get(reference))
            except ray.exceptions.RayError as error:
                lost.append(error)
    except BaseException:
        _end(references, make, told)
        raise
    return engines.gathered(parts, lost, check)


def _end(references: List[Any], make: Make, told: Dict[str, Any]) -> None:
    """Cancels the run, again for a part that was about to begin it, and waits for the parts."""
    until = time.monotonic() + engines.END_SECONDS
    left = references
    while left and time.monotonic() < until:
        engines.cancel(make, told)
        _, left = ray.wait(left, num_returns=len(left), timeout=1)
