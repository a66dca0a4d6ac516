# SPDX-License-Identifier: Apache-2.0
"""An asset for Dagster: ``pip install incload[dagster]``."""

# No postponed annotations: Dagster looks at those of an asset's function.
from typing import Any, Callable, Dict, List, Optional

import dagster

from .runs import Run
from .steps import Step

__all__ = ["load_asset"]


def load_asset(
    make: Callable[..., Step],
    *,
    name: Optional[str] = None,
    partitions_def: Optional[dagster.PartitionsDefinition] = None,
    run_options: Optional[Dict[str, Any]] = None,
    **arguments: Any,
) -> dagster.AssetsDefinition:
    """An asset whose materialization runs the step that ``make`` makes.

    Without partitions it is called as ``make()``. With partitions of time it is called as ``make(start, end)`` with the
    instants of what is to be materialized, the end not in it; with any others as ``make(keys)``. Several partitions in
    one run are one call: their units run side by side, and one that fails keeps no other from landing. It is safe to
    repeat: a backfill does what has not landed yet. The materialization's metadata tells rows, units, road, watermark
    and the run's id in the ledger. ``run_options`` are those of a run, all other arguments go to ``dagster.asset``.
    """
    if partitions_def is not None:
        arguments.setdefault("backfill_policy", dagster.BackfillPolicy.single_run())
    timed = isinstance(partitions_def, dagster.TimeWindowPartitionsDefinition)

    def materialize(context: dagster.AssetExecutionContext) -> dagster.MaterializeResult:
        with make(*_asked(context, timed)) as step:
            with step.start(**(run_options or {})) as run:
                run.wait(check=False)
                for unit in run.failed:
                    context.log.error(f"unit {unit.label} failed in attempt {unit.attempts}: {unit.error}")
                run.raise_for_status()
                return dagster.MaterializeResult(metadata=_metadata(run))

    materialize.__doc__ = make.__doc__
    named = name or getattr(make, "__name__", "load")
    return dagster.asset(name=named, partitions_def=partitions_def, **arguments)(materialize)


def _asked(context: dagster.AssetExecutionContext, timed: bool) -> List[Any]:
    if not context.has_partition_key_range and not context.has_partition_key:
        return []
    if not timed:
        return [list(context.partition_keys)]
    window = context.partition_time_window
    return [window.start, window.end]


def _metadata(run: Run) -> Dict[str, Any]:
    told: Dict[str, Any] = {
        "run_id": run.id,
        "rows_read": run.rows_read,
        "rows_written": run.rows_written,
        "seconds": run.seconds,
        "units": run.units["SUCCESS"],
    }
    for name in ("road", "watermark", "level"):
        value = getattr(run, name)
        if value:
            told[name] = value
    return told
