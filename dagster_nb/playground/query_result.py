"""Show the result of a query as a tree, or convert part of it to a frame."""

from __future__ import annotations

import json
from html import escape
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["QueryResult", "result_frame"]

_MAX_ITEMS = 100
_MAX_TEXT_LENGTH = 2_000
_OPEN_LEVELS = 2


class QueryResult(dict[str, Any]):
    """The ``data`` of a response, as a dict that notebooks display as a tree.

    Examples
    --------
    >>> QueryResult({"version": "1.13.28"})["version"]
    '1.13.28'
    """

    def _repr_html_(self) -> str:
        style = "font-family:var(--jp-code-font-family,monospace);font-size:13px;line-height:1.5"
        return f'<div style="{style}">{_tree(self, 0)}</div>'


def result_frame(data: dict[str, Any], path: str) -> pd.DataFrame:
    """Convert a list in a result to a frame with one row per item.

    Parameters
    ----------
    data
        The ``data`` of a response.
    path
        The path to the list, such as ``"runsOrError.results"``. If there are other lists along the path, the frame
        contains the items from all of them. For example, ``"repositoriesOrError.nodes.jobs"`` returns the jobs of all
        repositories.

    Returns
    -------
    pandas.DataFrame
        One row per item, with the values from the server; times are seconds as floats. The fields of an object become
        columns with a dot in their name, such as ``location.name``. A list of plain values becomes one column, with the
        last part of the path as its name. A single object becomes one row.

    Raises
    ------
    ValueError
        If the path does not exist in the result. The message lists the existing names.

    Examples
    --------
    >>> data = {"runs": {"results": [{"id": "a", "job": {"name": "load"}}]}}
    >>> result_frame(data, "runs.results").to_dict("records")
    [{'id': 'a', 'job.name': 'load'}]
    """
    names = path.split(".")
    items = list(_items(data, names, 0))
    if items and not isinstance(items[0], dict):
        return pd.DataFrame({names[-1]: items})
    return pd.json_normalize(items)


def _items(value: Any, names: list[str], depth: int) -> Iterator[Any]:  # noqa: ANN401 - JSON
    if isinstance(value, list):
        for item in value:
            yield from _items(item, names, depth)
    elif depth == len(names):
        if value is not None:
            yield value
    elif isinstance(value, dict):
        if names[depth] not in value:
            raise ValueError(_missing(value, names, depth))
        yield from _items(value[names[depth]], names, depth + 1)
    elif value is not None:
        raise ValueError(f"{'.'.join(names[:depth])} is {value!r} and has no fields. Shorten the path.")


def _missing(value: dict[str, Any], names: list[str], depth: int) -> str:
    where = ".".join(names[:depth]) or "the result"
    message = f"{where} has no {names[depth]!r}; it has {', '.join(map(repr, value)) or 'nothing'}. Correct the path."
    # Dagster's own errors are part of the data, for example if the requested run does not exist.
    answer = value.get("message") or value.get("__typename")
    return f"{message} The server answered: {answer}" if answer else message


def _tree(value: Any, depth: int, name: str = "") -> str:  # noqa: ANN401 - JSON
    label = f"<strong>{escape(name)}</strong>: " if name else ""
    if not isinstance(value, dict | list) or not value:
        return f"<div>{label}{_leaf(value)}</div>"
    entries = list(value.items()) if isinstance(value, dict) else [(str(place), one) for place, one in enumerate(value)]
    inside = "".join(_tree(one, depth + 1, key) for key, one in entries[:_MAX_ITEMS])
    if len(entries) > _MAX_ITEMS:
        inside += f"<div>… and {len(entries) - _MAX_ITEMS:,} more</div>"
    if not name:
        return inside
    count = f"{len(entries):,}"
    summary = f"[{count}]" if isinstance(value, list) else escape(str(value.get("__typename", f"{{{count}}}")))
    is_open = " open" if depth <= _OPEN_LEVELS else ""
    return (
        f'<details{is_open} style="margin-left:8px"><summary style="cursor:pointer"><strong>{escape(name)}</strong> '
        f'{summary}</summary><div style="margin-left:16px">{inside}</div></details>'
    )


def _leaf(value: Any) -> str:  # noqa: ANN401 - JSON
    if isinstance(value, str):
        shown = value if len(value) <= _MAX_TEXT_LENGTH else f"{value[:_MAX_TEXT_LENGTH]}…"
        return f'<bdi style="white-space:pre-wrap;overflow-wrap:anywhere">{escape(shown)}</bdi>'
    return escape(json.dumps(value))
