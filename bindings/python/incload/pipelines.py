# SPDX-License-Identifier: Apache-2.0
"""Pipelines: steps in the order that their dependencies give, side by side where these leave it open."""

from __future__ import annotations

from typing import Any, Callable, Iterable, Optional, Union

from . import _calls, functions
from . import progress as _progress
from ._incload import ffi, lib
from .context import Context
from .database import Database
from .runs import Run, finish
from .steps import Function, Load, Progress, Step, refuse_no_threads, start_with_threads
from .strategies import Strategy

__all__ = ["Added", "Pipeline"]

_PARALLEL = 4  # as the library's own default


class Added:
    """A step of a pipeline, to be named among what others depend on. Of a function it can be called as before."""

    def __init__(self, name: str, step: Step, function: Optional[Callable[..., Any]] = None) -> None:
        self.name = name
        self.step = step
        self.function = function

    def __repr__(self) -> str:
        return f"<incload step {self.name!r}>"

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        if self.function is None:
            raise TypeError(f"step {self.name!r} is no function")
        return self.function(*arguments, **named)


Dependency = Union[str, Added]


def _names(depends_on: "Union[Dependency, Iterable[Dependency], None]") -> str:
    if depends_on is None:
        return ""
    if isinstance(depends_on, (str, Added)):
        depends_on = [depends_on]
    return _calls.names(one.name if isinstance(one, Added) else one for one in depends_on)


class Pipeline(_calls.Handle):
    """Steps with dependencies. With ``ledger``, a database, its runs are kept: they can be resumed, joined by other
    processes, and looked up later."""

    _kind = "pipeline"

    def __init__(self, name: str, *, context: Optional[Context] = None, ledger: Optional[Database] = None) -> None:
        self.name = name
        self._context = context
        pointer = ffi.NULL if context is None else context._pointer
        self._hold(_calls.call(lib.incload_pipeline_new, _calls.encoded(name), pointer))
        if ledger is not None:
            _calls.call(lib.incload_pipeline_set_ledger, self._pointer, ledger._pointer)

    def __repr__(self) -> str:
        return f"<incload.Pipeline {self.name!r}>"

    def add(
        self,
        name: str,
        step: Step,
        depends_on: "Union[Dependency, Iterable[Dependency], None]" = None,
        *,
        condition: Optional[Callable[[functions.Unit], Any]] = None,
        **options: Any,
    ) -> Added:
        """Add a step: a Load, a Group, a Function or a Backfill. ``condition`` is called before its work: it raises
        Skip, or
        returns False, to leave it out."""
        _calls.call(
            lib.incload_pipeline_add,
            self._pointer,
            _calls.encoded(name),
            step._pointer,
            _calls.encoded(_names(depends_on)),
        )
        for option, value in options.items():
            self.set(name, option, value)
        if condition is not None:
            kept = functions.Kept(_asked(condition))
            _calls.call(
                lib.incload_pipeline_set_condition,
                self._pointer,
                _calls.encoded(name),
                lib.incload_python_unit,
                functions.keep(kept),
                lib.incload_python_destroy,
            )
        return Added(name, step)

    def set(self, step: Dependency, option: str, value: Any) -> None:
        """Set an option of a step in this pipeline."""
        _calls.call(
            lib.incload_pipeline_set,
            self._pointer,
            _calls.encoded(step.name if isinstance(step, Added) else step),
            _calls.encoded(option),
            _calls.encoded(_calls.option_text(value)),
        )

    def load(
        self,
        name: str,
        source: Database,
        source_table: str,
        target: Database,
        target_table: str,
        strategy: Strategy,
        *,
        depends_on: "Union[Dependency, Iterable[Dependency], None]" = None,
        condition: Optional[Callable[[functions.Unit], Any]] = None,
        **arguments: Any,
    ) -> Added:
        """Add a load. The options of a step in a pipeline go to it, all other arguments to the Load."""
        own = _calls.known_options("pipeline_step")
        step = Load(
            source,
            source_table,
            target,
            target_table,
            strategy,
            **{key: value for key, value in arguments.items() if key not in own},
        )
        return self.add(
            name,
            step,
            depends_on,
            condition=condition,
            **{key: value for key, value in arguments.items() if key in own},
        )

    def step(
        self,
        function: Optional[Callable[[functions.Unit], Any]] = None,
        *,
        name: Optional[str] = None,
        depends_on: "Union[Dependency, Iterable[Dependency], None]" = None,
        condition: Optional[Callable[[functions.Unit], Any]] = None,
        **options: Any,
    ) -> Any:
        """Makes a function a step, under its own name: ``@pipeline.step`` or ``@pipeline.step(depends_on=[...])``."""

        def decorate(function: Callable[[functions.Unit], Any]) -> Added:
            added = self.add(name or function.__name__, Function(function), depends_on, condition=condition, **options)
            added.function = function
            return added

        return decorate if function is None else decorate(function)

    def pool(self, name: str, slots: int) -> None:
        """Add a pool: so many slots, shared by the steps that name it by their option ``pool``."""
        _calls.call(lib.incload_pipeline_add_pool, self._pointer, _calls.encoded(name), slots)

    def validate(self) -> None:
        """Check the whole of it; all that is wrong is told at once."""
        _calls.call(lib.incload_pipeline_validate, self._pointer)

    def start(self, **options: Any) -> Run:
        """Run it, by ``parallel`` threads; it goes on by itself."""
        return start_with_threads(
            self, self._pointer, lib.incload_pipeline_start, options, _PARALLEL, self._context, self.resume
        )

    def run(self, *, progress: Progress = False, check: bool = True, **options: Any) -> Run:
        """Run it to its end. A run that failed raises; without ``check`` it is returned as well."""
        refuse_no_threads(options)
        return finish(self.start(**options), progress, check)

    def resume(self, run: "Union[Run, str, None]" = None, *, check: bool = True, **options: Any) -> Run:
        """Go on with a run that failed, was cancelled, or whose process died; by itself the newest that has not
        succeeded."""
        refuse_no_threads(options)
        run_id = run.id if isinstance(run, Run) else run

        def start(pointer: Any, text: Any, error: Any) -> Any:
            return lib.incload_pipeline_start_resume(pointer, _calls.encoded(run_id), text, error)

        resumed = start_with_threads(self, self._pointer, start, options, _PARALLEL, self._context, self.resume)
        resumed.wait(check=check)
        return resumed

    def render(self, format: str = "mermaid", **options: Any) -> str:
        """Its graph, for Graphviz (``"dot"``) or Mermaid."""
        return _progress.written(
            lib.incload_pipeline_render, self._pointer, _calls.encoded(format), _calls.options_pointer(options)
        )


def _asked(condition: Callable[[functions.Unit], Any]) -> Callable[[functions.Unit], None]:
    def ask(unit: functions.Unit) -> None:
        if condition(unit) is False:
            raise functions.Skip()

    return ask
