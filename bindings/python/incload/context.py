# SPDX-License-Identifier: Apache-2.0
"""A context: the queue of events that databases and pipelines made in it share."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, AsyncIterator, Optional

from . import _calls
from ._incload import ffi, lib
from .progress import finished

__all__ = ["Context", "Event"]

_POLL_SECONDS = 0.25  # a run may end before its last event is seen by another reader of the queue


@dataclass(frozen=True)
class Event:
    """Something that happened in a run."""

    kind: int
    time_us: int
    run_id: str
    step: str
    unit: str
    status: int
    rows_read: int
    rows_written: int
    bytes: int
    message: str


def _event(pointer: Any) -> Event:
    try:
        return Event(
            lib.incload_event_kind(pointer),
            lib.incload_event_time_us(pointer),
            _calls.text(lib.incload_event_run_id(pointer)),
            _calls.text(lib.incload_event_step(pointer)),
            _calls.text(lib.incload_event_unit(pointer)),
            lib.incload_event_status(pointer),
            lib.incload_event_rows_read(pointer),
            lib.incload_event_rows_written(pointer),
            lib.incload_event_bytes(pointer),
            _calls.text(lib.incload_event_message(pointer)),
        )
    finally:
        lib.incload_event_unref(pointer)


class Context(_calls.Handle):
    """Databases and pipelines that are made in it put their events into its queue."""

    _kind = "context"

    def __init__(self, **options: Any) -> None:
        self._hold(_calls.call(lib.incload_context_new, _calls.options_pointer(options)))

    @property
    def fileno(self) -> int:
        """A file descriptor that is readable while events wait. It belongs to the library."""
        return _event_fd(self._pointer)

    @property
    def abandoned_calls(self) -> int:
        """Calls into drivers that did not come back by their deadline, and whose threads still wait."""
        return int(lib.incload_context_abandoned_calls(self._pointer))

    def next_event(self, timeout: Optional[float] = 0) -> Optional[Event]:
        """The oldest event, or None when none came in so many seconds; None waits for ever."""
        return _next_event(self._pointer, -1 if timeout is None else round(timeout * 1000))

    async def events(self) -> AsyncIterator[Event]:
        """Events as they come, for ever."""
        while True:
            event = self.next_event(0)
            if event is None:
                await _readable(self._pointer, None)
            else:
                yield event

    async def _ended(self, run: Any) -> None:
        pointer = self._pointer
        while not finished(run):
            await _readable(pointer, _POLL_SECONDS)
            while not finished(run) and _next_event(pointer, 0) is not None:
                pass


def _event_fd(context: Any) -> int:
    return int(_calls.call(lib.incload_context_event_fd, context))


def _next_event(context: Any, timeout_ms: int) -> Optional[Event]:
    pointer = _calls.call(lib.incload_context_next_event, context, timeout_ms)
    return None if pointer == ffi.NULL else _event(pointer)


async def _readable(context: Any, timeout: Optional[float]) -> None:
    loop = asyncio.get_running_loop()
    descriptor = _event_fd(context)
    ready = loop.create_future()

    def readable() -> None:
        if not ready.done():
            ready.set_result(None)

    loop.add_reader(descriptor, readable)
    try:
        await asyncio.wait_for(ready, timeout)
    except asyncio.TimeoutError:
        pass
    finally:
        loop.remove_reader(descriptor)
