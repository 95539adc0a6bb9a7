"""Filling a home with the demo's history: from the kept copy, or anew."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from .kept import KeptCopy
from .model import TRUTH_NAME
from .plan import plan_history

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["fill", "tell"]


def tell(share: float) -> None:
    """Report progress to the demo."""
    sys.stdout.write(json.dumps({"progress": round(share, 3)}) + "\n")
    sys.stdout.flush()


def fill(
    home: Path,
    *,
    runs: int,
    seed: int,
    until: dt.datetime,
    suits: Callable[[dt.datetime], bool],
) -> None:
    """Fill a home that holds nothing but its ``dagster.yaml``.

    Parameters
    ----------
    home
        The DAGSTER_HOME.
    runs, seed
        Of the history.
    until
        The end of a new one.
    suits
        Tells whether the kept copy of one that ends then will do.
    """
    kept = KeptCopy(runs=runs, seed=seed)
    if not kept.copy_to(home, suits=suits):
        _build(home, runs, seed, until)
        kept.keep(home, until=until)


def _build(home: Path, runs: int, seed: int, until: dt.datetime) -> None:
    """Plan and write a history, and at the end what is true about it."""
    from dagster import DagsterInstance  # noqa: PLC0415 - not needed where there is a kept copy

    from .write import write_plan  # noqa: PLC0415

    history = plan_history(runs, seed=seed, until=until)
    with DagsterInstance.from_config(str(home)) as instance:
        write_plan(instance, history, events=True, on_progress=tell)
    (home / TRUTH_NAME).write_text(json.dumps(history.truth.to_json()), encoding="utf-8")
