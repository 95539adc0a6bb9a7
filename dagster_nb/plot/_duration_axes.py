"""Set up axes of durations, with ticks at round values such as 10 s, 1 min and 1 h."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from matplotlib.ticker import Formatter, Locator, NullLocator

from dagster_nb.words import duration_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

__all__ = ["MIN_SECONDS", "log_duration_axis", "set_elapsed_axis"]

MIN_SECONDS = 1e-3
"""The shortest duration on a logarithmic axis, which cannot show zero. Shorter durations are drawn at this value."""

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
_MIN_TICKS = 3
_MAX_LOG_TICKS, _MAX_LINEAR_TICKS = 5, 8


def log_duration_axis(ax: Axes, which: Literal["x", "y"], low: float, high: float) -> None:
    """Make an axis of seconds logarithmic, with ticks at round values and limits that include `low` and `high`."""
    low, high = max(low, MIN_SECONDS), max(high, MIN_SECONDS)
    margin = max(math.log(high / low) * 0.04, 0.15)
    ax.set(**{f"{which}scale": "log", f"{which}lim": (low * math.exp(-margin), high * math.exp(margin))})
    axis = ax.xaxis if which == "x" else ax.yaxis
    axis.set_major_locator(_LogLocator())
    axis.set_major_formatter(_DurationFormatter())
    axis.set_minor_locator(NullLocator())


def set_elapsed_axis(ax: Axes) -> None:
    """Put ticks at round values on a linear x axis of seconds."""
    ax.xaxis.set_major_locator(ElapsedLocator())
    ax.xaxis.set_major_formatter(_DurationFormatter())


class _LogLocator(Locator):
    def __call__(self) -> Sequence[float]:
        return self.tick_values(*_view_limits(self))

    def tick_values(self, vmin: float, vmax: float) -> Sequence[float]:
        low, high = sorted((vmin, vmax))
        for ticks in (_COARSE, _FINE):
            inside = [tick for tick in ticks if low * 0.999 <= tick <= high * 1.001]
            if len(inside) >= _MIN_TICKS:
                return inside
        return _even_ticks(low, high, _MAX_LOG_TICKS)


class ElapsedLocator(Locator):
    """Place ticks at round values on a linear axis of seconds."""

    def __call__(self) -> Sequence[float]:
        return self.tick_values(*_view_limits(self))

    def tick_values(self, vmin: float, vmax: float) -> Sequence[float]:
        low, high = sorted((vmin, vmax))
        return _even_ticks(low, high, _MAX_LINEAR_TICKS)


def _view_limits(locator: Locator) -> tuple[float, float]:
    low, high = locator.axis.get_view_interval()  # type: ignore[union-attr]
    return float(low), float(high)


def _even_ticks(low: float, high: float, max_ticks: int) -> list[float]:
    span = high - low
    step = next((step for step in _FINE if span / step <= max_ticks and span >= step), None)
    if step is None:
        step = 10 ** math.floor(math.log10(max(span, 1e-9))) / 2
    first = math.ceil(low / step)
    return [position * step for position in range(first, min(math.floor(high / step), first + 50) + 1)]


class _DurationFormatter(Formatter):
    """Formats seconds as durations, with enough digits to distinguish the ticks."""

    def __call__(self, x: float, pos: int | None = None) -> str:  # noqa: ARG002
        return duration_text(x)

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        gap = min((abs(b - a) / max(abs(a), abs(b)) for a, b in pairwise(values)), default=1.0)
        digits = max(3, 2 - math.floor(math.log10(gap)))
        return [duration_text(value, digits) for value in values]
