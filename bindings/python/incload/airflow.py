# SPDX-License-Identifier: Apache-2.0
"""An operator for Airflow: ``pip install incload[airflow]``."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any, Callable, Dict, Mapping, Optional, Tuple

try:
    from airflow.sdk import BaseHook, BaseOperator
except ImportError:  # Airflow 2
    from airflow.hooks.base import BaseHook
    from airflow.models.baseoperator import BaseOperator

from .database import Database
from .errors import ProgrammingError, plain

if TYPE_CHECKING:
    from ._options import DatabaseOptions
    from .runs import Run
    from .steps import Step

__all__ = ["LoadOperator", "database"]

_SCHEMES = {"postgres": "postgresql", "postgresql": "postgresql"}


def database(connection: str, **options: "DatabaseOptions") -> Database:
    """The database of one of Airflow's connections: of PostgreSQL, or any whose extra has an ``incload_url``."""
    found = BaseHook.get_connection(connection)
    url = found.extra_dejson.get("incload_url")
    if url is None:
        scheme, _, rest = found.get_uri().partition("://")
        if scheme not in _SCHEMES:
            raise plain(
                ProgrammingError,
                f"connection {connection!r} is of type {found.conn_type!r}: name the database in its extra, as "
                '{"incload_url": "odbc:Driver=...;..."}',
            )
        url = f"{_SCHEMES[scheme]}://{rest}"
    return Database(url, **options)  # type: ignore[arg-type]


def _instant(value: Any) -> Optional[datetime.datetime]:
    """A plain datetime of Python in UTC, whatever Airflow uses."""
    if value is None:
        return None
    return datetime.datetime.fromtimestamp(value.timestamp(), datetime.timezone.utc)


class LoadOperator(BaseOperator):  # type: ignore[misc]
    """Runs what ``make(start, end)`` makes for the data interval of the task: a backfill over it, or any other step.

    ``start`` and ``end`` are instants in UTC, the end not in the interval; both are None for a run of Airflow without
    one. Airflow 3 gives runs of a cron schedule, scheduled or by hand, an interval without length, at the time of the
    run: ``interval`` says how long it is then, up to that time; without it such a run is one without an interval.

    It is safe to repeat: a backfill does what has not landed yet, and a load goes on from its watermark. A task that is
    killed cancels running SQL, and nothing of an open unit lands. ``run_options`` are those of a run, such as
    ``{"timeout": "2h"}``. The task's result (XCom) tells the run's id, rows, units and watermark.
    """

    ui_color = "#d5e8d4"

    def __init__(
        self,
        *,
        make: Callable[[Optional[datetime.datetime], Optional[datetime.datetime]], "Step"],
        interval: Optional[datetime.timedelta] = None,
        run_options: Optional[Mapping[str, Any]] = None,
        **arguments: Any,
    ) -> None:
        super().__init__(**arguments)
        if interval is not None and interval <= datetime.timedelta(0):
            raise plain(ProgrammingError, f"interval of task {self.task_id!r} is {interval}: it must have a length")
        self.make = make
        self.interval = interval
        self.run_options = dict(run_options or {})
        self._run: "Optional[Run]" = None
        self._killed = False

    def execute(self, context: Any) -> Dict[str, Any]:
        """Called by Airflow."""
        start, end = self._interval(context)
        with self.make(start, end) as step, step.start(**self.run_options) as run:
            self._run = run
            if self._killed:  # before there was a run
                run.cancel()
            try:
                run.wait(check=False)
                told = _told(run)
                self.log.info("incload: %s", told)
                for unit in run.failed:
                    self.log.error("incload: unit %s failed in attempt %d: %s", unit.label, unit.attempts, unit.error)
                run.raise_for_status()
                return told
            finally:
                self._run = None

    def _interval(self, context: Any) -> "Tuple[Optional[datetime.datetime], Optional[datetime.datetime]]":
        start, end = _instant(context.get("data_interval_start")), _instant(context.get("data_interval_end"))
        if start is None or end is None or start < end:
            return start, end
        if self.interval is not None:
            return end - self.interval, end
        # A backfill over nothing would succeed, and nobody would know that nothing was loaded.
        self.log.warning(
            "incload: the data interval of this run has no length (%s), so it is taken for a run without one: give "
            "task %r an interval=, or the DAG CronDataIntervalTimetable, or set [scheduler] create_cron_data_intervals",
            end,
            self.task_id,
        )
        return None, None

    def on_kill(self) -> None:
        """Called by Airflow when the task is to end."""
        self._killed = True
        run = self._run
        if run is not None:
            run.cancel()


def _told(run: "Run") -> Dict[str, Any]:
    return {
        "run_id": run.id,
        "status": run.status,
        "rows_read": run.rows_read,
        "rows_written": run.rows_written,
        "watermark": run.watermark,
        "units": dict(run.units),
        "failed": [unit.label for unit in run.failed],
    }
