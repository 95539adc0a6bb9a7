"""Durations as people say them: 10 s, 1 min, 1 h; not 3.6e3."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from matplotlib.ticker import Formatter, Locator, NullLocator

from dagster_nb.words import duration_text as spell

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

__all__ = ["SHORTEST", "DurationFormatter", "ElapsedLocator", "log_durations", "spell"]

SHORTEST = 1e-3
"""Seconds. A logarithmic axis has no zero: whatever is shorter is drawn here."""

_MINUTE, _HOUR, _DAY = 60.0, 3600.0, 86400.0
_COARSE = (1e-3, 1e-2, 0.1, 1.0, 10.0, _MINUTE, 10 * _MINUTE, _HOUR, _DAY, 10 * _DAY, 100 * _DAY, 1000 * _DAY)
_FINE = tuple(
    step * unit
    for unit, steps in (
        (1.0, (1e-3, 2e-3, 5e-3, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30)),
        (_MINUTE, (1, 2, 5, 10, 20, 30)),
        (_HOUR, (1, 2, 4, 8, 12)),
        (_DAY, (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)),
    )
    for step in steps
)
_FEWEST_TICKS = 3


class _LogLocator(Locator):
    def __call__(self) -> Sequence[float]:
        return self.tick_values(*_view(self))

    def tick_values(self, vmin: float, vmax: float) -> Sequence[float]:
        low, high = sorted((vmin, vmax))
        for ticks in (_COARSE, _FINE):
            inside = [tick for tick in ticks if low * 0.999 <= tick <= high * 1.001]
            if len(inside) >= _FEWEST_TICKS:
                return inside
        return _evenly(low, high, 5)


class ElapsedLocator(Locator):
    """Ticks at round times on a linear axis of seconds."""

    def __call__(self) -> Sequence[float]:
        return self.tick_values(*_view(self))

    def tick_values(self, vmin: float, vmax: float) -> Sequence[float]:
        low, high = sorted((vmin, vmax))
        return _evenly(low, high, 8)


def _view(locator: Locator) -> tuple[float, float]:
    low, high = locator.axis.get_view_interval()  # type: ignore[union-attr]
    return float(low), float(high)


def _evenly(low: float, high: float, most: int) -> list[float]:
    step = next((step for step in _FINE if (high - low) / step <= most and high - low >= step), None)
    if step is None:
        step = 10 ** math.floor(math.log10(max(high - low, 1e-9))) / 2
    first = math.ceil(low / step)
    return [position * step for position in range(first, min(math.floor(high / step), first + 50) + 1)]


class DurationFormatter(Formatter):
    """Spell seconds, with as many digits as tell the ticks apart."""

    def __call__(self, x: float, pos: int | None = None) -> str:  # noqa: ARG002
        return spell(x)

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        gap = min((abs(b - a) / max(abs(a), abs(b)) for a, b in pairwise(values)), default=1.0)
        digits = max(3, 2 - math.floor(math.log10(gap)))
        return [spell(value, digits) for value in values]


def log_durations(ax: Axes, which: Literal["x", "y"], low: float, high: float) -> None:
    """Make an axis of seconds logarithmic, with human ticks, and wide enough for values from `low` to `high`."""
    low, high = max(low, SHORTEST), max(high, SHORTEST)
    room = max(math.log(high / low) * 0.04, 0.15)
    ax.set(**{f"{which}scale": "log", f"{which}lim": (low * math.exp(-room), high * math.exp(room))})
    axis = ax.xaxis if which == "x" else ax.yaxis
    axis.set_major_locator(_LogLocator())
    axis.set_major_formatter(DurationFormatter())
    axis.set_minor_locator(NullLocator())
