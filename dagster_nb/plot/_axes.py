"""What every chart does to its axes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import matplotlib.dates as mdates
import numpy as np
import pandas as pd
from matplotlib.cbook import normalize_kwargs
from matplotlib.text import Annotation

from dagster_nb.plot._text import plain
from dagster_nb.plot._theme import ink

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo

    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = [
    "axes",
    "caption",
    "days",
    "grid",
    "lanes",
    "legend",
    "line_labels",
    "look",
    "margin_note",
    "moment",
    "nothing",
    "room",
    "rows_of_text",
    "time_axis",
    "zone_name",
]

_CHARACTER = 0.58  # how wide one is, of its height
_YEAR_WIDTH = 12
_LINE = 1.2
# Inches that an entry of the legend takes.
_LEGEND_COLUMN = 1.6
# What axes have of their cell of the figure before a layout has settled it, and the gaps around them, in inches.
_UNSETTLED, _GAPS = 0.775, 0.15
_LANE = 0.5
_LABEL_HEIGHT = 0.07


def axes(ax: Axes | None) -> Axes:
    """Return the axes to draw on: those given, else the current ones, as a pyplot function would."""
    if ax is not None:
        return ax
    # Only here, so that a program with figures of its own never pays for pyplot or finds its state touched.
    import matplotlib.pyplot as plt  # noqa: PLC0415

    if plt.get_fignums():
        return plt.gca()
    # Where there is no figure yet, make one that leaves room for long names, and for time, which runs sideways.
    return plt.figure(figsize=(10, 4.5), layout="constrained").add_subplot()


def look(given: dict[str, object], artist: type[Artist], **usual: object) -> dict[str, Any]:
    """Return how an artist looks: as the caller asks, under whichever of matplotlib's names (``lw``), else as usual."""
    return usual | normalize_kwargs(given, artist)


def grid(ax: Axes, which: str) -> None:
    """Draw a faint grid behind everything and take away the box."""
    ax.set_axisbelow(True)
    ax.grid(visible=True, axis=which, color=ink(), alpha=0.15, linewidth=0.8)  # type: ignore[arg-type]
    ax.spines[["top", "right"]].set_visible(False)


def caption(ax: Axes, *parts: str) -> None:
    """Say below the chart what its horizontal axis is and what was put together to draw it."""
    points = ax.get_window_extent().width / ax.figure.dpi * 72
    # To its right a date axis writes the year.
    room = points / (_CHARACTER * float(ax.xaxis.label.get_fontsize())) - _YEAR_WIDTH
    lines = [""]
    for part in filter(None, parts):
        joined = f"{lines[-1]} · {part}" if lines[-1] else part
        if len(joined) <= room or not lines[-1]:
            lines[-1] = joined
        else:
            lines.append(part)
    plain([ax.set_xlabel("\n".join(lines), loc="left")])


def legend(ax: Axes) -> None:
    """Put the legend above the chart, where it hides nothing."""
    handles, labels = ax.get_legend_handles_labels()
    if handles:
        inches = ax.figure.bbox.width / ax.figure.dpi
        width = room(ax)
        for columns in range(min(max(int(inches / _LEGEND_COLUMN), 2), 6, len(handles)), 0, -1):
            box = ax.legend(
                handles,
                labels,
                loc="lower left",
                bbox_to_anchor=(0.0, 1.0),
                ncols=columns,
                frameon=False,
                borderaxespad=0.1,
                handletextpad=0.4,
                columnspacing=1.2,
            )
            plain(box.get_texts())
            if box.get_window_extent().width <= width:
                break


def nothing(ax: Axes, words: str) -> Axes:
    """Say that there is nothing to draw."""
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
    ax.text(0.5, 0.5, words, transform=ax.transAxes, ha="center", va="center", alpha=0.75)
    return ax


def lanes(ax: Axes, labels: Sequence[str]) -> None:
    """Give each label a lane of height 1, the first on top, its middle at its position."""
    ax.set_yticks(range(len(labels)), labels)
    plain(ax.get_yticklabels())
    ax.set_ylim(len(labels) - _LANE, -_LANE)
    ax.tick_params(axis="y", length=0)


def room(ax: Axes) -> float:
    """Return how wide the axes will be, in dots, when a layout has made room for the names and notes beside them."""
    width = float(ax.get_window_extent().width)
    if ax.figure.get_layout_engine() is None:
        return width
    names = max((text.get_window_extent().width for text in ax.get_yticklabels()), default=0.0)
    beside = [text for text in ax.texts if isinstance(text, Annotation) and text.get_annotation_clip() is False]
    notes = max((note.get_window_extent().width for note in beside), default=0.0)
    return min(width, max(width / _UNSETTLED - names - notes - _GAPS * ax.figure.dpi, width / 4))


def rows_of_text(ax: Axes) -> int:
    """Return how many names fit one below the other, before a layout has settled what the axes get of the figure."""
    points = ax.get_window_extent().height / ax.figure.dpi * 72
    return max(int(points / (_LINE * float(ax.yaxis.label.get_fontsize()))), 2)


def margin_note(ax: Axes, lane: float, words: str, *, va: Literal["center", "bottom"] = "center") -> None:
    """Write to the right of a lane."""
    ax.annotate(
        words,
        (1.0, lane),
        xycoords=("axes fraction", "data"),
        xytext=(4, 0),
        textcoords="offset points",
        va=va,
        fontsize="small",
        alpha=0.85,
        annotation_clip=False,
    )


def line_labels(ax: Axes, ends: Sequence[tuple[float, str, str]]) -> None:
    """Write to the right of a logarithmic chart which line ends there, beside a dash in the colour of the line."""
    low, high = np.log(ax.get_ylim())
    height = -_LABEL_HEIGHT
    for value, words, color in sorted(ends):
        height = max((np.log(value) - low) / (high - low), height + _LABEL_HEIGHT)
        ax.plot([1.008, 1.024], [height, height], color=color, linewidth=3, transform=ax.transAxes, clip_on=False)
        note = ax.annotate(
            words,
            (1.03, height),
            xycoords="axes fraction",
            va="center",
            fontsize="small",
            annotation_clip=False,
        )
        plain([note])


def time_axis(ax: Axes, zone: tzinfo) -> None:
    """Make the horizontal axis one of dates in a zone."""
    ax.xaxis_date(zone)
    locator = mdates.AutoDateLocator(tz=zone, minticks=4, maxticks=9)  # type: ignore[no-untyped-call]
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(mdates.ConciseDateFormatter(locator, tz=zone))  # type: ignore[no-untyped-call]


def zone_name(zone: tzinfo) -> str:
    """Return what people call a zone.

    Examples
    --------
    >>> from zoneinfo import ZoneInfo
    >>> zone_name(ZoneInfo("Europe/Paris"))
    'Europe/Paris'
    """
    return str(getattr(zone, "key", zone))


def days(when: pd.Series) -> Floats:
    """Return times as matplotlib counts them, in days; NaN where there is none."""
    counted: Floats = mdates.date2num(when.to_numpy(dtype="datetime64[us]"))  # type: ignore[no-untyped-call]
    return counted


def moment(frame: pd.DataFrame, as_of: pd.Timestamp | None) -> pd.Timestamp:
    """Return until when the frame knows what happened: when it was fetched, if it says so, else the present."""
    if as_of is None:
        fetched = frame.attrs.get("dagster_nb", {}).get("fetched_at")
        as_of = pd.Timestamp.now("UTC") if fetched is None else pd.Timestamp(fetched)
    return as_of.tz_localize("UTC") if as_of.tzinfo is None else as_of.tz_convert("UTC")
