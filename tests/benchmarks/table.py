"""Format measurements as a Markdown table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.benchmarks.measure_in_rounds import Measured

HEADINGS = (
    "runs", "where", "how", "wall, s", "ratio to bare loop at 1,000", "ratio to undisturbed", "client CPU, s",
    "server CPU, s", "requests", "MB received", "peak memory of client, MB", "note",
)  # fmt: skip


@dataclass(frozen=True)
class Row:
    """A row of the table, in seconds and bytes. None becomes an empty cell."""

    runs: int
    where: str
    how: str
    wall: float | None = None
    ratio: float | None = None
    ratio_to_itself: float | None = None
    cpu: float | None = None
    server_cpu: float | None = None
    requests: int | None = None
    received: int | None = None
    peak: int | None = None
    note: str = ""

    @classmethod
    def of(
        cls, runs: int, one: Measured, *, bare: Measured | None = None, itself: Measured | None = None, note: str = ""
    ) -> Row:
        """Return a row with the medians of a measurement and its ratios to other measurements."""
        return cls(
            runs,
            one.place.label,
            one.way.label,
            wall=one.median("wall"),
            ratio=bare and one.ratio_to(bare),
            ratio_to_itself=itself and one.ratio_to(itself),
            cpu=one.median("cpu"),
            server_cpu=one.median("server_cpu"),
            requests=one.requests or None,
            received=one.received or None,
            peak=one.median("peak"),
            note=one.failure or note,
        )

    def cells(self) -> list[str]:
        """Format each cell."""
        received, peak = (None if size is None else size / 1e6 for size in (self.received, self.peak))
        return [
            f"{self.runs:,}", self.where, self.how, _number(self.wall, 2), _number(self.ratio, 2),
            _number(self.ratio_to_itself, 2), _number(self.cpu, 2), _number(self.server_cpu, 2),
            _number(self.requests, 0), _number(received, 1), _number(peak, 0), self.note,
        ]  # fmt: skip


def markdown(rows: Iterable[Row]) -> str:
    """Format rows as a Markdown table."""
    table = [list(HEADINGS), *(row.cells() for row in rows)]
    widths = [max(len(row[column]) for row in table) for column in range(len(HEADINGS))]
    lines = [_line(row, widths) for row in table]
    rule = "|".join("-" * (width + 1) + (":" if 3 <= place <= 10 else "-") for place, width in enumerate(widths))
    return "\n".join([lines[0], f"|{rule}|", *lines[1:]])


def _line(cells: list[str], widths: list[int]) -> str:
    padded = [
        cell.rjust(width) if 3 <= place <= 10 else cell.ljust(width)
        for place, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return f"| {' | '.join(padded)} |"


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:,.{digits}f}"
