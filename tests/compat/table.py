"""Build the table in the README that shows which version of Dagster has which capability, from the test results."""

from __future__ import annotations

from pathlib import Path

README = Path(__file__).parents[2] / "README.md"
BEGIN = "<!-- compat: written by `pytest --extended tests/compat --write-table` -->"
END = "<!-- /compat -->"

CAPABILITIES = {
    "runs": "`runs`, `iter_runs`, `run`: all columns",
    "filters": "filters: job, status, tags, ids, location; `count_runs`",
    "times": "filters: creation and update times, to the microsecond",
    "paging": "whole histories while runs are deleted",
    "catalog": "`locations`, `repositories`, `jobs`, `ops`, `run_config_schema`, `daemons`",
    "assets": "`assets`, `materializations`, `asset_checks`, `partitions`; `materialize`",
    "automation": "`schedules`, `sensors`, `ticks`, `backfills`; `start`, `stop`, `backfill`, `cancel_backfill`",
    "launch": "`launch`: config, tags, selections of ops and assets, partitions",
    "terminate": "`terminate`, `delete`",
    "reexecute": "`reexecute`: from failure or all steps, with other tags and config",
    "asset failure": '`reexecute(strategy="from_asset_failure")`',
    "run details": "`steps`, `events`, `failures`, `compute_logs`",
    "follow": "`follow`, by websocket",
    "explorer": "`RunExplorer`: load, filter, select, act",
}
"""Maps each pytest mark to its row title in the table."""

PASSED, FAILED, LACKS = "✓", "✗", "no"


class Results:
    """The test results for each target and capability."""

    def __init__(self) -> None:
        self._passed: dict[tuple[str, str], bool] = {}
        self._lacks: set[tuple[str, str]] = set()
        self._notes: dict[tuple[str, str], dict[str, None]] = {}

    def add(self, capability: str, target: str, *, passed: bool) -> None:
        key = capability, target
        self._passed[key] = self._passed.get(key, True) and passed

    def note(self, capability: str, target: str, text: str, *, lacks: bool) -> None:
        """Add a footnote about a limitation of a version. If ``lacks`` is True, the whole capability is missing."""
        self._notes.setdefault((capability, target), {})[text] = None
        if lacks:
            self._lacks.add((capability, target))

    def table(self, targets: list[str]) -> str:
        """Return the table with numbered footnotes below it."""
        notes: dict[str, int] = {}
        lines = [
            f"| | {' | '.join(_short(target) for target in targets)} |",
            f"|---|{'|'.join(':---:' for _ in targets)}|",
        ]
        for capability, title in CAPABILITIES.items():
            cells = [self._cell(capability, target, notes) for target in targets]
            lines.append(f"| {title} | {' | '.join(cells)} |")
        footnotes = [f"<sup>{number}</sup> {text}" for text, number in notes.items()]
        return "\n".join([*lines, "", "  \n".join(footnotes)]).strip()

    def _cell(self, capability: str, target: str, notes: dict[str, int]) -> str:
        key = capability, target
        if not self._passed.get(key, False):
            return FAILED
        numbers = [str(notes.setdefault(text, len(notes) + 1)) for text in self._notes.get(key, {})]
        return (LACKS if key in self._lacks else PASSED) + (f" <sup>{' '.join(numbers)}</sup>" if numbers else "")


def _short(target: str) -> str:
    return target.rpartition(".")[0] or {"postgresql": "newest on PostgreSQL"}.get(target, target)


def written() -> str:
    """Return the table that the README contains."""
    return README.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0].strip()


def write(table: str) -> None:
    """Replace the table in the README."""
    before, begin, rest = README.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{README} has no place for the table. Add these two lines to it: {BEGIN} and {END}")
    README.write_text(f"{before}{begin}\n\n{table}\n\n{end}{after}", encoding="utf-8")
