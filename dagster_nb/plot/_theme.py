"""Colors for charts on light and dark pages."""

from __future__ import annotations

from typing import Any

import matplotlib as mpl

from dagster_nb.statuses import BLUE, GREEN, ORANGE, PURPLE, RED, SKY

__all__ = ["SERIES", "group_colors", "text_color", "theme"]

SERIES = (BLUE, ORANGE, GREEN, PURPLE, SKY, RED)
"""The colors of groups, such as jobs."""

# The text color and the background color of each theme.
_THEMES = {"light": ("#1F1F1F", "#FFFFFF"), "dark": ("#E3E3E3", "#111111")}


def group_colors(names: list[str]) -> dict[str, str]:
    """Return a color for each group, assigned in the order of the group names.

    The colors do not depend on the sizes of the groups, so a filter that keeps all groups does not change the colors.
    """
    return {name: SERIES[place % len(SERIES)] for place, name in enumerate(sorted(names))}


def text_color() -> str:
    """Return the text color of the current matplotlib settings."""
    color: str = mpl.rcParams["text.color"]
    return color


def theme(name: str = "light", *, background: str | None = None) -> dict[str, Any]:
    """Return matplotlib settings that make charts fit a light or a dark page.

    A chart uses the matplotlib settings at the time when it is drawn. A kernel cannot find out which theme JupyterLab
    uses. If your notebook has a dark theme, run this code once before the first chart::

        matplotlib.rcParams.update(dnb.plot.theme("dark", background="none"))

    The panels (`RunExplorer` and others) adapt to the theme of the page automatically.

    Parameters
    ----------
    name
        ``"light"`` or ``"dark"``.
    background
        Any matplotlib color, or ``"none"`` for a transparent background. By default, this is white or nearly black.

    Returns
    -------
    dict
        Settings for ``matplotlib.rcParams.update`` or, if you need them only for some charts, for
        `matplotlib.rc_context`.

    Raises
    ------
    ValueError
        If `name` is neither ``"light"`` nor ``"dark"``.

    Examples
    --------
    >>> import matplotlib
    >>> from matplotlib.figure import Figure
    >>> with matplotlib.rc_context(theme("dark")):
    ...     ax = Figure().subplots()
    >>> ax.get_facecolor()[:3] == matplotlib.colors.to_rgb("#111111")
    True
    """
    if name not in _THEMES:
        raise ValueError(f"theme must be 'light' or 'dark', not {name!r}.")
    text, own_background = _THEMES[name]
    background = background or own_background
    return {
        "figure.facecolor": background,
        "axes.facecolor": background,
        "savefig.facecolor": "auto",
        "text.color": text,
        "axes.labelcolor": text,
        "axes.edgecolor": text,
        "xtick.color": text,
        "ytick.color": text,
        "hatch.color": text,
        "font.size": 9.0,
    }
