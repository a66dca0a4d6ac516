# SPDX-License-Identifier: Apache-2.0
"""Steps: something that runs, alone or in a pipeline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Dict, List, Mapping, Optional, Sequence, Union

from . import _calls, errors, functions
from ._incload import ffi, lib
from .runs import Run, finish
from .strategies import Strategy

if TYPE_CHECKING:
    from .advice import Lint, Plan
    from .database import Database

__all__ = ["Function", "Group", "Load", "Step"]

Progress = Union[bool, str, None]


class Step(_calls.Handle):
    """Something that runs."""

    _kind = "step"
    _run_kind = "run"
    _context: Any = None

    def set(self, name: str, value: Any) -> "Step":
        """Set one option, until it was started."""
        _calls.call(
            lib.incload_step_set, self._pointer, _calls.encoded(name), _calls.encoded(_calls.option_text(value))
        )
        return self

    def start(self, **options: Any) -> Run:
        """Run it; it goes on by itself. The options are those of a run."""
        return Run(_calls.call(lib.incload_step_start, self._pointer, _calls.options_pointer(options)), self._context)

    def run(self, *, progress: Progress = False, check: bool = True, **options: Any) -> Run:
        """Run it to its end. A run that failed raises; without ``check`` it is returned as well. ``progress`` shows
        how it
        goes on: True (a bar of tqdm, if there is tqdm), ``"bar"`` or ``"lines"``."""
        refuse_no_threads(options)
        return finish(self.start(**options), progress, check)


def refuse_no_threads(options: Dict[str, Any]) -> None:
    """Refuses to wait for a run that nobody works at."""
    if options.get("parallel") is not None and int(options["parallel"]) == 0:
        raise errors.plain(
            errors.ProgrammingError, "parallel=0 starts no threads: start() the run, or let it have one by parallel=1"
        )


def _hand_over(step: Step, setter: Any, function: Callable[..., Any], callback: Any) -> None:
    kept = functions.Kept(function)
    _calls.call(setter, step._pointer, callback, functions.keep(kept), lib.incload_python_destroy)


class Load(Step):
    """A load of a table, of a query's result, or of rows that this program has, into a table.

    ``source`` is a Database, or rows: see ``Database.of_rows``; they are loaded once.
    ``source_table`` names a table; with ``query=True`` it is a SELECT, with ``parameters`` for its ``$1`` or ``?``.
    ``process`` is called with each batch on its way; it may return other rows (anything of Arrow), or change the batch
    by ``keep()``. ``checks`` are queries that must give no row, by name, with ``{staging}`` and ``{target}``; ``check``
    is called with (rows read, rows staged) before rows are published, and raises or returns False to refuse them.
    """

    def __init__(
        self,
        source: Any,
        source_table: str,
        target: "Database",
        target_table: str,
        strategy: Strategy,
        *,
        query: bool = False,
        parameters: Sequence[object] = (),
        process: Optional[Callable[[functions.Batch], Any]] = None,
        checks: Optional[Mapping[str, str]] = None,
        check: Optional[Callable[[int, int], Any]] = None,
        primary: "Optional[Database]" = None,
        **options: Any,
    ) -> None:
        from .database import Database  # which has steps of its own

        if not isinstance(source, Database):
            source = Database.of_rows(source, context=target.context)
        make = lib.incload_step_new_query_load if query else lib.incload_step_new_load
        self._hold(
            _calls.call(
                make,
                source._pointer,
                _calls.encoded(source_table),
                target._pointer,
                _calls.encoded(target_table),
                strategy._pointer,
            )
        )
        self._context = target.context
        for name, value in options.items():
            if value is not None:
                self.set(name, value)
        for index, value in enumerate(parameters, 1):
            _calls.call(
                lib.incload_step_bind,
                self._pointer,
                index,
                ffi.NULL if value is None else _calls.encoded(_calls.option_text(value)),
            )
        if primary is not None:
            _calls.call(lib.incload_step_set_primary, self._pointer, primary._pointer)
        if process is not None:
            _hand_over(self, lib.incload_step_set_batch_function, process, lib.incload_python_batch)
        for name, sql in (checks or {}).items():
            _calls.call(lib.incload_step_add_check, self._pointer, _calls.encoded(name), _calls.encoded(sql))
        if check is not None:
            _hand_over(self, lib.incload_step_set_check_function, check, lib.incload_python_check)

    def plan(self) -> "Plan":
        """What a run would do, without changing anything."""
        from .advice import Plan

        return Plan(_calls.call(lib.incload_step_plan, self._pointer))

    def lint(self) -> "List[Lint]":
        """What stands in the way of loading well: no index on the cursor, no key, ..."""
        from .advice import lints

        return lints(self)

    def verify(self, **options: Any) -> "Any":
        """Compare the source's rows with the target's."""
        from .advice import Verification

        return Verification(_calls.call(lib.incload_verify, self._pointer, _calls.options_pointer(options)))

    def replay_rejects(self, *, check: bool = True, **options: Any) -> Run:
        """Load the rows once more that the target refused."""
        pointer = _calls.call(lib.incload_step_start_replay, self._pointer, _calls.options_pointer(options))
        run = Run(pointer, self._context)
        run.wait(check=check)
        return run


class Group(Step):
    """Loads into one database that land together: all of them in one transaction, or none."""

    def __init__(self, loads: Sequence[Load], *, name: str, **options: Any) -> None:
        pointers = ffi.new("incload_step *[]", [load._pointer for load in loads])
        self._hold(
            _calls.call(
                lib.incload_step_new_group, pointers, len(loads), _calls.options_pointer({"name": name, **options})
            )
        )
        self._context = loads[0]._context if loads else None


class Function(Step):
    """A Python function as a step. It is called with a Unit; what it returns is handed on to later steps, who ask for
    it by
    ``unit.input()``: bytes, or anything that JSON can hold."""

    def __init__(self, function: Callable[[functions.Unit], Any], **options: Any) -> None:
        if not callable(function):
            raise errors.plain(errors.ProgrammingError, "a step needs a function that can be called")
        kept = functions.Kept(function)
        self._hold(
            _calls.call(
                lib.incload_step_new_function,
                lib.incload_python_unit,
                functions.keep(kept),
                lib.incload_python_destroy,
            )
        )
        for name, value in options.items():
            self.set(name, value)

    def start(self, **options: Any) -> Run:
        return start_with_threads(self, self._pointer, lib.incload_step_start, options, 1, self._context)


def start_with_threads(
    owner: Any,
    pointer: Any,
    start: Any,
    options: Dict[str, Any],
    threads: int,
    context: Any,
    again: Optional[Callable[..., Run]] = None,
) -> Run:
    """Starts a run that Python's own threads drive."""
    wanted = options.pop("parallel", None)
    if wanted is not None and int(wanted) == 0:
        threads = 0  # the host takes part by itself
    elif wanted is not None and int(wanted) > 0:
        threads = int(wanted)
    run = Run(_calls.call(start, pointer, _calls.options_pointer({**options, "parallel": 0})), context, again)
    run._shared = bool(options.get("run_key"))
    run._participate(threads)
    return run
