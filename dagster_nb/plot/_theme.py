"""Colours: few, told apart by colour-blind people, and never the only sign."""

from __future__ import annotations

from typing import Any, NamedTuple

import matplotlib as mpl

__all__ = ["BLUE", "SERIES", "Style", "ink", "status_style", "theme"]

# The palette of Okabe and Ito ("Color Universal Design", 2008), without its black and its yellow, which vanish on a
# dark and on a light ground.
BLUE, _ORANGE, _GREEN, _PURPLE, _SKY, _RED = "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00"
_GREY = "#8C8C8C"

SERIES = (BLUE, _ORANGE, _GREEN, _PURPLE, _SKY, _RED)
"""Colours for things that are no statuses, such as jobs."""


class Style(NamedTuple):
    """How a status looks: as a mark, and as an area."""

    color: str
    marker: str
    hatch: str


_STYLES = {
    "QUEUED": Style(_PURPLE, "v", "||||"),
    "NOT_STARTED": Style(_PURPLE, "<", "----"),
    "MANAGED": Style(BLUE, "p", "OO"),
    "STARTING": Style(_SKY, "^", "++++"),
    "STARTED": Style(_SKY, ">", "\\\\\\\\"),
    "SUSPENDED": Style(_ORANGE, "h", "oo"),
    "SUCCESS": Style(_GREEN, "o", ""),
    "FAILURE": Style(_RED, "X", "////"),
    "CANCELING": Style(_ORANGE, "P", "**"),
    "CANCELED": Style(_GREY, "s", "...."),
    # What a step may be and a run may not.
    "SKIPPED": Style(_GREY, "d", "...."),
    "IN_PROGRESS": Style(_SKY, ">", "\\\\\\\\"),
}
_UNKNOWN = Style(_GREY, "*", "xxxx")

_GROUNDS = {"light": ("#1F1F1F", "#FFFFFF"), "dark": ("#E3E3E3", "#111111")}


def status_style(status: str) -> Style:
    """Return how a status looks; one that nobody knows gets a look of its own."""
    return _STYLES.get(status, _UNKNOWN)


def ink() -> str:
    """Return the colour of text, which is what stands out from the ground, whatever that is."""
    color: str = mpl.rcParams["text.color"]
    return color


def theme(name: str = "light", *, background: str | None = None) -> dict[str, Any]:
    """Return matplotlib settings that make the charts fit a light or a dark page.

    They count while a figure and its chart are made; saving it later needs them no more. The charts need no theme:
    they draw in the colours of the settings that are in force.

    Parameters
    ----------
    name
        ``"light"`` or ``"dark"``.
    background
        The ground, any colour of matplotlib's; ``"none"`` lets the page shine through. White or nearly black by
        default.

    Returns
    -------
    dict
        For `matplotlib.rc_context` or ``matplotlib.rcParams.update``.

    Raises
    ------
    ValueError
        If the name is neither.

    Examples
    --------
    >>> import matplotlib
    >>> from matplotlib.figure import Figure
    >>> with matplotlib.rc_context(theme("dark")):
    ...     ax = Figure().subplots()
    >>> ax.get_facecolor()[:3] == matplotlib.colors.to_rgb("#111111")
    True
    """
    if name not in _GROUNDS:
        raise ValueError(f"a theme is 'light' or 'dark', not {name!r}")
    text, ground = _GROUNDS[name]
    ground = background or ground
    return {
        "figure.facecolor": ground,
        "axes.facecolor": ground,
        "savefig.facecolor": "auto",
        "text.color": text,
        "axes.labelcolor": text,
        "axes.edgecolor": text,
        "xtick.color": text,
        "ytick.color": text,
        "hatch.color": text,
        "font.size": 9.0,
    }
