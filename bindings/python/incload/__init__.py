# SPDX-License-Identifier: Apache-2.0
"""Incremental data loading over PostgreSQL and ODBC: watermarks, upserts, backfills, change events and pipelines.

import incload

shop = incload.Database("postgresql://app@db/shop")
lake = incload.Database("odbc:Driver=SQLite3;Database=lake.db")
run = incload.load(shop, "orders", lake, "orders", incload.timestamp(cursor="updated_at", key="id"))
print(run.rows_written, run.watermark)
"""

from __future__ import annotations

from typing import Any, Union

from . import _calls
from ._incload import lib
from .advice import (
    HistoryEntry,
    Lint,
    Plan,
    Recommendation,
    UnitEntry,
    Verification,
    Watermark,
    cancel_run,
    history_of,
    recommend,
    units_of,
    watermarks,
)
from .arrow import Stream
from .backfills import Backfill, BackfillPlan, backfill, backfill_load
from .capture import Capture, CaptureStep
from .changes import ChangeGroup, Changes, ChangesStep
from .context import Context, Event
from .database import Call, Database
from .debezium import DebeziumWriter
from .errors import (
    BusyError,
    CallbackError,
    CancelledError,
    CheckError,
    ConflictError,
    DatabaseError,
    DataError,
    Error,
    IntegrityError,
    InterfaceError,
    InternalError,
    NotSupportedError,
    OperationalError,
    ProgrammingError,
    TimeoutError,
    Warning,
)
from .functions import Batch, Fail, Retry, ShortCircuit, Skip, Throttled, Unit, Yield
from .pipelines import Added, Pipeline
from .runs import FailedUnit, Run, StepOutcome
from .steps import Function, Group, Load, Step
from .strategies import Strategy, append, full_refresh, history, interval, swap, timestamp, upsert
from .streams import Change, Follower, FollowerStep, follow

__all__ = [
    "Added",
    "Backfill",
    "BackfillPlan",
    "Batch",
    "BusyError",
    "Call",
    "CallbackError",
    "CancelledError",
    "Capture",
    "CaptureStep",
    "Change",
    "ChangeGroup",
    "Changes",
    "ChangesStep",
    "CheckError",
    "ConflictError",
    "Context",
    "DataError",
    "Database",
    "DatabaseError",
    "DebeziumWriter",
    "Error",
    "Event",
    "Fail",
    "FailedUnit",
    "Follower",
    "FollowerStep",
    "Function",
    "Group",
    "HistoryEntry",
    "IntegrityError",
    "InterfaceError",
    "InternalError",
    "Lint",
    "Load",
    "NotSupportedError",
    "OperationalError",
    "Pipeline",
    "Plan",
    "ProgrammingError",
    "Recommendation",
    "Retry",
    "Run",
    "ShortCircuit",
    "Skip",
    "Step",
    "StepOutcome",
    "Strategy",
    "Stream",
    "Throttled",
    "TimeoutError",
    "Unit",
    "UnitEntry",
    "Verification",
    "Warning",
    "Watermark",
    "Yield",
    "append",
    "backfill",
    "backfill_load",
    "cancel_run",
    "follow",
    "full_refresh",
    "has_driver",
    "history",
    "history_of",
    "interval",
    "load",
    "recommend",
    "swap",
    "timestamp",
    "units_of",
    "upsert",
    "version",
    "watermarks",
]

_RUN_ARGUMENTS = ("timeout", "wait", "retries", "retry_delay", "retry_max_delay")


def load(
    source: Any,
    source_table: str,
    target: Database,
    target_table: str,
    strategy: Strategy,
    *,
    progress: Union[bool, str, None] = False,
    check_run: bool = True,
    **arguments: Any,
) -> Run:
    """Load a table, a query's result, or rows that this program has (a DataFrame, a table of pyarrow, a relation of
    DuckDB, an iterable of batches: see ``Database.of_rows``), once. Options of a run (``timeout``, ``wait``,
    ``retries`` ...) go to it, all other arguments to incload.Load. ``progress=True`` shows how it goes on."""
    options = {name: arguments.pop(name) for name in _RUN_ARGUMENTS if name in arguments}
    with Load(source, source_table, target, target_table, strategy, **arguments) as step:
        return step.run(progress=progress, check=check_run, **options)


def has_driver(name: str) -> bool:
    """Whether the library was built with a driver: ``"libpq"`` or ``"odbc"``."""
    return bool(lib.incload_has_driver(_calls.encoded(name)))


def version() -> str:
    """The version of the shared library."""
    return _calls.text(lib.incload_version())


__version__ = "0.1.0"
