"""``ExplorerView``: how an explorer displays its runs. `ExplorerFilters` determines which runs are displayed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from dagster_nb.panels.explorer.columns import DEFAULT_COLUMNS, parse_columns, parse_sort, sort_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["DEFAULT_CHART", "ExplorerView", "parse_chart"]

DEFAULT_CHART = "Durations"


@dataclass(frozen=True)
class ExplorerView:
    """The chart, and the columns and order of the table.

    Parameters
    ----------
    chart
        The name of the chart's tab.
    sort
        The column to sort the table by, and whether the order is ascending. None means newest first.
    columns
        The columns of the table: see `dagster_nb.panels.explorer.columns`.
    """

    chart: str = DEFAULT_CHART
    sort: tuple[str, bool] | None = None
    columns: tuple[str, ...] = DEFAULT_COLUMNS

    @classmethod
    def parse(
        cls, *, chart: str, sort: str | None, columns: Iterable[str] | str | None, chart_names: Sequence[str]
    ) -> Self:
        """Parse the arguments of `RunExplorer`.

        Raises
        ------
        TypeError, ValueError
            If an argument is invalid.

        Examples
        --------
        >>> ExplorerView.parse(chart="trend", sort="-duration", columns=None, chart_names=["Durations", "Trend"]).sort
        ('duration', False)
        """
        return cls(parse_chart(chart, chart_names), parse_sort(sort), parse_columns(columns))

    def arguments(self) -> dict[str, Any]:
        """Return the values that differ from the defaults, as arguments of `RunExplorer`.

        Examples
        --------
        >>> ExplorerView(chart="Trend", sort=("duration", False)).arguments()
        {'chart': 'Trend', 'sort': '-duration'}
        """
        arguments = {"chart": self.chart, "sort": sort_text(self.sort), "columns": list(self.columns)}
        defaults = {"chart": DEFAULT_CHART, "sort": None, "columns": list(DEFAULT_COLUMNS)}
        return {name: value for name, value in arguments.items() if value != defaults[name]}


def parse_chart(chart: str, names: Sequence[str]) -> str:
    """Return the name of a chart as written on its tab. The argument is not case-sensitive.

    Raises
    ------
    ValueError
        If there is no such chart.

    Examples
    --------
    >>> parse_chart("status over time", ["Durations", "Status over time"])
    'Status over time'
    """
    for name in names:
        if str(chart).lower() == name.lower():
            return name
    raise ValueError(f"there is no chart {chart!r}. Use one of: {', '.join(names)}.")
