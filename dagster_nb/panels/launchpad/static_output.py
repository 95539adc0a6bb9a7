"""A launchpad's static output for viewers without widgets: HTML with the ops, the config and the config's problems."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from dagster_nb import plot
from dagster_nb.panels.error_box import describe_error
from dagster_nb.panels.launchpad.form import problems_html
from dagster_nb.panels.markup import grid, text
from dagster_nb.panels.pictures import image
from dagster_nb.words import plural

if TYPE_CHECKING:
    from dagster_nb.panels.launchpad.model import LaunchpadModel

__all__ = ["static_html"]

_MAX_ROWS = 15
_WIDTH = 900


def static_html(model: LaunchpadModel) -> str:
    """Return the form as self-contained HTML. If no job is chosen, return the list of jobs instead.

    Parameters
    ----------
    model
        The launchpad's model.
    """
    server = text(model.source.url)
    error = "" if model.error is None else f"<p>{text(': '.join(describe_error(model.error)))}</p>"
    if model.address is None:
        jobs = [[text(one.job), text(one.location), text(one.repository)] for one, _ in model.jobs or ()]
        table = grid(["job", "location", "repository"], jobs)
        return f"<div><p><strong>Launchpad</strong> of {server}</p>{error}{table}</div>"
    title = f"<strong>Launchpad</strong>: {text(model.address.job)} in {text(model.address.location)}, on {server}"
    ops = "" if model.scaffold is None else _ops_html(model.scaffold.graph)
    return f"<div><p>{title}</p>{error}{ops}<pre>{text(model.config)}</pre>{problems_html(model)}</div>"


def _ops_html(ops: pd.DataFrame | None) -> str:
    """Return a chart of the ops and a table of the first few ops."""
    if ops is None or ops.empty:
        return ""
    first = ops.head(_MAX_ROWS)
    rows = [
        [
            text(one["op"]),
            text(", ".join(one["depends_on"])),
            "" if pd.isna(one["description"]) else text(one["description"]),
        ]
        for one in first.to_dict("records")
    ]
    rest = len(ops) - len(first)
    more = f"<p>and {plural(rest, 'more op')}</p>" if rest else ""
    picture = image(
        lambda ax: plot.job_graph(ops, ax=ax),
        alt=f"Chart of {plural(len(ops), 'op')} and the ops that each of them depends on.",
        width=_WIDTH,
        height=min(max(140, 60 + 24 * len(ops)), 420),
        background="white",
    )
    return f"{picture}{grid(['op', 'depends on', 'description'], rows)}{more}"
