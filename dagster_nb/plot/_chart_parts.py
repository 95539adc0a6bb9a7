"""Draw the parts that all charts share: axes, grid, caption, legend, lanes and notes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from matplotlib.text import Annotation

from dagster_nb.plot._labels import disable_math
from dagster_nb.plot._mark_positions import set_chart_index
from dagster_nb.plot._theme import text_color

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.text import Text

__all__ = [
    "available_width",
    "bar_note",
    "current_axes",
    "draw_grid",
    "draw_legend",
    "empty_chart",
    "label_line_ends",
    "margin_note",
    "max_names",
    "set_caption",
    "set_lanes",
    "share_words",
]

# The estimated width of a character and the estimated height of a line, as fractions of the font size.
_CHARACTER_WIDTH, _LINE_HEIGHT = 0.58, 1.2
# The space to reserve to the right of the caption, because the date axis writes the year there.
_YEAR_CHARACTERS = 12
_LEGEND_ENTRY_INCHES = 1.6
# The share of a subplot's cell that the axes fill before the layout is computed.
_SHARE_BEFORE_LAYOUT, _GAPS_INCHES = 0.775, 0.15
_LABEL_HEIGHT = 0.07  # of the axes


def current_axes(ax: Axes | None) -> Axes:
    """Return the given axes, or pyplot's current axes if None."""
    if ax is not None:
        return ax
    # Import pyplot only here, so that it is not loaded in a program that passes its own figures.
    import matplotlib.pyplot as plt  # noqa: PLC0415

    if plt.get_fignums():
        return plt.gca()
    # Make a new figure wide, because most charts have time on the x axis and names beside the axes.
    return plt.figure(figsize=(10, 4.5), layout="constrained").add_subplot()


def draw_grid(ax: Axes, which: Literal["x", "y"]) -> None:
    """Draw a faint grid behind the chart and remove the top and right edges of the axes."""
    ax.set_axisbelow(True)
    ax.grid(visible=True, axis=which, color=text_color(), alpha=0.15, linewidth=0.8)
    ax.spines[["top", "right"]].set_visible(False)


def set_caption(ax: Axes, *parts: str) -> None:
    """Write the caption below the chart.

    It consists of the meaning of the x axis and the other parts that are not empty.
    """
    points = ax.get_window_extent().width / ax.figure.dpi * 72
    max_characters = points / (_CHARACTER_WIDTH * float(ax.xaxis.label.get_fontsize())) - _YEAR_CHARACTERS
    lines = [""]
    for part in filter(None, parts):
        joined = f"{lines[-1]} · {part}" if lines[-1] else part
        if len(joined) <= max_characters or not lines[-1]:
            lines[-1] = joined
        else:
            lines.append(part)
    disable_math([ax.set_xlabel("\n".join(lines), loc="left")])


def draw_legend(ax: Axes) -> None:
    """Draw the legend above the chart, so that it does not cover anything."""
    handles, labels = ax.get_legend_handles_labels()
    if not handles:
        return
    inches = ax.figure.bbox.width / ax.figure.dpi
    width = available_width(ax)
    for n_columns in range(min(max(int(inches / _LEGEND_ENTRY_INCHES), 2), 6, len(handles)), 0, -1):
        legend = ax.legend(
            handles,
            labels,
            loc="lower left",
            bbox_to_anchor=(0.0, 1.0),
            ncols=n_columns,
            frameon=False,
            borderaxespad=0.1,
            handletextpad=0.4,
            columnspacing=1.2,
        )
        disable_math(legend.get_texts())
        if legend.get_window_extent().width <= width:
            break


def empty_chart(ax: Axes, words: str) -> Axes:
    """Write a message on the axes that says why the chart is empty, and return the axes."""
    set_chart_index(ax, None)
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
    ax.text(0.5, 0.5, words, transform=ax.transAxes, ha="center", va="center", alpha=0.75)
    return ax


def set_lanes(ax: Axes, labels: Sequence[str]) -> None:
    """Set up one lane of height 1 per label, with the first label on top. Each lane is centered at its index."""
    ax.set_yticks(range(len(labels)), labels)
    disable_math(ax.get_yticklabels())
    ax.set_ylim(len(labels) - 0.5, -0.5)
    ax.tick_params(axis="y", length=0)


def available_width(ax: Axes) -> float:
    """Estimate the width of the axes in pixels after the layout has made room for names and notes beside them."""
    width = float(ax.get_window_extent().width)
    if ax.figure.get_layout_engine() is None:
        return width
    names = max((text.get_window_extent().width for text in ax.get_yticklabels()), default=0.0)
    beside = [text for text in ax.texts if isinstance(text, Annotation) and text.get_annotation_clip() is False]
    notes = max((note.get_window_extent().width for note in beside), default=0.0)
    return min(width, max(width / _SHARE_BEFORE_LAYOUT - names - notes - _GAPS_INCHES * ax.figure.dpi, width / 4))


def max_names(ax: Axes) -> int:
    """Return how many names fit along the y axis."""
    points = ax.get_window_extent().height / ax.figure.dpi * 72
    return max(int(points / (_LINE_HEIGHT * float(ax.yaxis.label.get_fontsize()))), 2)


def margin_note(ax: Axes, lane: float, words: str, *, va: Literal["center", "bottom"] = "center") -> None:
    """Write a note to the right of a lane."""
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


def bar_note(ax: Axes, x: float, lane: int, words: str) -> None:
    """Write a note to the right of a bar."""
    note = ax.annotate(words, (x, lane), (6, 0), textcoords="offset points", va="center", fontsize="small")
    disable_math([note])


def label_line_ends(ax: Axes, ends: Sequence[tuple[float, str, str]]) -> list[Text]:
    """Write the name of each line to the right of its end, beside a dash in the line's color.

    Parameters
    ----------
    ax
        The axes, with their final limits.
    ends
        The y value, the name and the color of each line.

    Returns
    -------
    list of matplotlib.text.Text
        The names, in the order of `ends`.
    """
    lowest_first = sorted(range(len(ends)), key=lambda place: ends[place])
    to_axes = ax.transData + ax.transAxes.inverted()
    heights = [float(to_axes.transform((0.0, ends[place][0]))[1]) for place in lowest_first]
    # First move labels up until no labels overlap, then move the labels that are now above the axes back down.
    for place in range(1, len(heights)):
        heights[place] = max(heights[place], heights[place - 1] + _LABEL_HEIGHT)
    limit = 1.0
    for place in reversed(range(len(heights))):
        heights[place] = min(heights[place], limit)
        limit = heights[place] - _LABEL_HEIGHT
    notes: dict[int, Text] = {}
    for height, place in zip(heights, lowest_first, strict=True):
        _, words, color = ends[place]
        ax.plot([1.008, 1.024], [height, height], color=color, linewidth=3, transform=ax.transAxes, clip_on=False)
        notes[place] = ax.annotate(
            words,
            (1.03, height),
            xycoords="axes fraction",
            va="center",
            fontsize="small",
            annotation_clip=False,
        )
    disable_math(notes.values())
    return [notes[place] for place in range(len(ends))]


def share_words(n_shown: int, n_groups: int, noun: str, which: str = "largest") -> str:
    """Describe which groups a chart shows. Return an empty string if the chart shows all groups.

    Examples
    --------
    >>> share_words(6, 10, "jobs", "busiest"), share_words(3, 3, "jobs")
    ('the 6 busiest of 10 jobs', '')
    """
    return f"the {n_shown} {which} of {n_groups} {noun}" if n_groups > n_shown else ""
