"""Generate Python code that opens the same explorer again, or that returns the same runs."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dagster_nb.panels.explorer.filters import ExplorerFilters

__all__ = ["python_text", "source_text", "view_text"]


def source_text(source: object) -> str:
    """Return Python code that creates a client or opens a history. For other sources, return ``source``.

    The code does not contain a token.
    """
    url, path = getattr(source, "url", None), getattr(source, "path", None)
    if path is not None:
        return f"dnb.open_history({_quoted(str(path))})"
    if url is None:
        return "source"
    read_only = ", read_only=True" if getattr(source, "read_only", False) else ""
    return f"dnb.connect({_quoted(url)}{read_only})"


def view_text(source: str, arguments: Mapping[str, Any]) -> str:
    """Return one line of Python code that opens an explorer.

    Parameters
    ----------
    source
        The code for the source.
    arguments
        The other arguments of `RunExplorer`.

    Examples
    --------
    >>> print(view_text("client", {"status": ["FAILURE"], "created_after": "7d", "sort": "-duration"}))
    dnb.RunExplorer(client, status="FAILURE", created_after="7d", sort="-duration")
    """
    return f"dnb.RunExplorer({', '.join([source, *_keywords(arguments)])})"


def python_text(filters: ExplorerFilters, source: str) -> str:
    """Return Python code that reads the same runs as the explorer shows.

    Parameters
    ----------
    filters
        The filters of the explorer.
    source
        The code for the source: see `source_text`.

    Examples
    --------
    >>> from dagster_nb.panels.explorer.filters import ExplorerFilters
    >>> filters = ExplorerFilters.parse(job="nightly", created_after="7d")
    >>> print(python_text(filters, 'dnb.connect("http://localhost:3000")'))
    import dagster_nb as dnb
    <BLANKLINE>
    client = dnb.connect("http://localhost:3000")
    runs = client.runs(job="nightly", created_after="7d")
    """
    arguments = ", ".join(_keywords(filters.arguments()))
    imports = ["import dagster_nb as dnb"]
    if source == "source":
        name, lines = "source", ["source = ...  # the source of this explorer"]
    else:
        name = "history" if source.startswith("dnb.open_history") else "client"
        lines = [f"{name} = {source}"]
    if filters.only_unresolved:
        # The code reads all runs, because a successful run resolves a failure even if it does not match the filters.
        lines += [f"all_runs = {name}.runs()", "unresolved = dnb.analysis.unresolved_failures(all_runs)"]
    lines.append(f"runs = {name}.runs({arguments})")
    if filters.only_unresolved:
        lines.append('runs = runs[runs["run_id"].isin(unresolved["run_id"])]')
    if filters.run_id_contains:
        part = _quoted(filters.run_id_contains.lower())
        lines.append(f'runs = runs[runs["run_id"].str.contains({part}, regex=False)]')
    for bound, operator in ((filters.min_duration, ">="), (filters.max_duration, "<=")):
        if bound is not None:
            lines.append(f'runs = runs[runs["duration"] {operator} pd.Timedelta({_quoted(_seconds(bound))})]')
    if any("pd." in line for line in lines):
        imports.insert(0, "import pandas as pd")
        imports.insert(1, "")
    return "\n".join([*imports, "", *lines])


def _keywords(arguments: Mapping[str, Any]) -> list[str]:
    return [f"{name}={_literal(value)}" for name, value in arguments.items()]


def _literal(value: Any) -> str:  # noqa: ANN401 - an argument
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_quoted(key)}: {_literal(values)}" for key, values in value.items()) + "}"
    if isinstance(value, list):
        return _quoted(value[0]) if len(value) == 1 else "[" + ", ".join(map(_quoted, value)) + "]"
    if isinstance(value, bool | int):
        return repr(value)
    if isinstance(value, timedelta):
        return _quoted(_seconds(value))
    if isinstance(value, date):
        return _quoted(value.isoformat())
    return _quoted(str(value))


def _seconds(duration: timedelta) -> str:
    """Format a duration as a number of seconds with all digits, because "%g" would round the number."""
    digits = f"{duration // timedelta(microseconds=1) / 1_000_000:.6f}"
    return f"{digits.rstrip('0').rstrip('.')}s"


def _quoted(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)
