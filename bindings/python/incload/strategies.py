# SPDX-License-Identifier: Apache-2.0
"""Strategies: which rows are read, how they land, and by which columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

from . import _calls
from ._incload import lib

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ._options import StrategyOptions

__all__ = ["Strategy", "append", "full_refresh", "history", "interval", "swap", "timestamp", "upsert"]


class Strategy(_calls.Handle):
    """A strategy from a preset and options; it may serve many loads."""

    _kind = "strategy"

    def __init__(self, preset: str, **options: "Unpack[StrategyOptions]") -> None:
        self.preset = preset
        self._hold(_calls.call(lib.incload_strategy_new, _calls.encoded(preset), _calls.options_pointer(options)))

    def __repr__(self) -> str:
        return f"<incload.Strategy {self.preset}>"

    def get(self, name: str) -> Optional[str]:
        """The value of one option as text; None for a name that is no option."""
        return _calls.text_or_none(lib.incload_strategy_get(self._pointer, _calls.encoded(name)))

    def set(self, name: str, value: Any) -> "Strategy":
        """Set one option, until a load was started with it."""
        _calls.call(
            lib.incload_strategy_set, self._pointer, _calls.encoded(name), _calls.encoded(_calls.option_text(value))
        )
        return self


def timestamp(**options: "Unpack[StrategyOptions]") -> Strategy:
    """Rows past the watermark, merged by key: needs ``cursor`` and ``key``."""
    return Strategy("timestamp", **options)


def upsert(**options: "Unpack[StrategyOptions]") -> Strategy:
    """All rows, merged by key."""
    return Strategy("upsert", **options)


def append(**options: "Unpack[StrategyOptions]") -> Strategy:
    """All rows, inserted."""
    return Strategy("append", **options)


def full_refresh(**options: "Unpack[StrategyOptions]") -> Strategy:
    """All rows, in place of all that were there."""
    return Strategy("full_refresh", **options)


def interval(**options: "Unpack[StrategyOptions]") -> Strategy:
    """Rows of one interval of the cursor, in place of those that were there."""
    return Strategy("interval", **options)


def swap(**options: "Unpack[StrategyOptions]") -> Strategy:
    """All rows, in a new table that takes the target's place."""
    return Strategy("swap", **options)


def history(**options: "Unpack[StrategyOptions]") -> Strategy:
    """All rows, each change as a version of its own."""
    return Strategy("history", **options)
