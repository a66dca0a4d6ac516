# SPDX-License-Identifier: Apache-2.0
"""A backfill's run shared by worker processes that some engine starts: what incload.dask and incload.ray stand on.

Rows do not pass through the engine, nor is it told of units: each worker joins the run in the ledger by its ``run_key``
and takes units from there. So a worker that is lost loses nothing: its units go to others when its lease is over, and
what it had committed is not loaded again."""

from __future__ import annotations

import os
import socket
import uuid
import warnings
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, List, Mapping, Optional

from .advice import cancel_run
from .backfills import Backfill
from .errors import Error
from .runs import FailedUnit

__all__ = ["Make", "Part", "SharedRun", "cancel", "part", "run_options"]

Make = Callable[[], Backfill]
"""Makes the backfill, with databases of its own, in each worker. It travels there, so it holds no handle."""

END_SECONDS = 60.0  # how long parts may take to end once the run is cancelled
_NOT_THE_END = ("INCLOAD_E_CANCELLED", "INCLOAD_E_TIMEOUT")


@dataclass(frozen=True)
class Part:
    """What one process saw of a run, and did for it."""

    process: str
    run_id: str
    status: str
    units: Dict[str, int]
    rows_read: int
    rows_written: int
    failed: List[FailedUnit]
    error: Optional[Error]


@dataclass
class SharedRun:
    """A run that worker processes did together."""

    parts: List[Part]
    lost: List[BaseException] = field(default_factory=list)
    """Why workers came to no end; what they were at was done by others."""

    @property
    def _whole(self) -> Part:
        """Every process learns of the end of all; not one that was told to stop before."""
        return min(self.parts, key=lambda part: part.error is not None and part.error.name in _NOT_THE_END)

    @property
    def run_id(self) -> str:
        """As in the ledger: ``incload.units_of(ledger, run_id)`` lists its units."""
        return self._whole.run_id

    @property
    def status(self) -> str:
        return self._whole.status

    @property
    def units(self) -> Mapping[str, int]:
        """How many units ended how, of the whole run."""
        return self._whole.units

    @property
    def failed(self) -> List[FailedUnit]:
        """The units that failed for good, wherever that was."""
        return self._whole.failed

    @property
    def rows_read(self) -> int:
        return sum(part.rows_read for part in self.parts)

    @property
    def rows_written(self) -> int:
        """By the workers that came to an end; the ledger has those of all."""
        return sum(part.rows_written for part in self.parts)

    def raise_for_status(self) -> "SharedRun":
        error = self._whole.error
        if error is not None:
            error.run = self
            raise error
        return self


def part(make: Make, options: Mapping[str, Any]) -> Part:
    """Joins the run, in a worker; returns with the end of the run. When it is interrupted it leaves, and others go
    on."""
    with make() as step, step.start(**options) as run:
        run._leaves = True
        run.wait(check=False)
        return Part(
            f"{socket.gethostname()}:{os.getpid()}",
            run.id,
            run.status,
            dict(run.units),
            run.rows_read,
            run.rows_written,
            run.failed,
            run.error,
        )


def cancel(make: Make, options: Mapping[str, Any]) -> None:
    """Cancels the run for all who take part in it; nothing happens when there is none, or it has ended. Called where an
    exception is on its way, so it raises none."""
    try:
        with make() as step:
            ledger = step._ledger
            assert ledger is not None, "a run with a key has a ledger"
            cancel_run(ledger, key=options["run_key"])
    except Error as error:
        warnings.warn(f"the run could not be cancelled, its workers go on: {error}", RuntimeWarning, stacklevel=3)


def run_options(options: Mapping[str, Any], run_key: Optional[str]) -> Dict[str, Any]:
    """The options of each part. Without a key the run is a new one, which does what is missing."""
    return {**options, "run_key": run_key or f"shared-{uuid.uuid4().hex}"}


def gathered(parts: List[Part], lost: List[BaseException], check: bool) -> SharedRun:
    """One part that came to the end knows all of it."""
    if not parts:
        raise lost[0]
    run = SharedRun(parts, lost)
    return run.raise_for_status() if check else run
