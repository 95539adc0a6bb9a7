"""Which jobs get a lane or a line of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from dagster_nb.analysis.columns import text

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Integers = NDArray[np.int64]

__all__ = ["gathered", "jobs_of"]


def jobs_of(runs: pd.DataFrame) -> tuple[Integers, list[str]]:
    """Give each job a number, the busiest first.

    Returns
    -------
    codes
        The number of the job of each run.
    names
        The name of each job.

    Examples
    --------
    >>> codes, names = jobs_of(pd.DataFrame({"job_name": ["a", "b", "c", "b"]}))
    >>> codes.tolist(), names
    ([1, 0, 2, 0], ['b', 'a', 'c'])
    """
    codes, distinct = pd.factorize(text(runs, "job_name"), use_na_sentinel=False)
    names = ["(no job)" if pd.isna(name) else str(name) for name in distinct]
    counts = np.bincount(codes, minlength=len(names))
    order = sorted(range(len(names)), key=lambda code: (-counts[code], names[code]))
    position = np.empty(len(names), dtype=np.int64)
    position[order] = np.arange(len(names))
    return position[codes], [names[code] for code in order]


def gathered(codes: Integers, names: list[str], most: int) -> tuple[Integers, list[str]]:
    """Let all jobs beyond the busiest share one number, so that there are at most `most`.

    Examples
    --------
    >>> codes, names = gathered(np.array([1, 0, 2, 0]), ["b", "a", "c"], most=2)
    >>> codes.tolist(), names
    ([1, 0, 1, 0], ['b', '2 other jobs'])
    """
    if most < 1:
        raise ValueError(f"max_jobs is at least 1, not {most}")
    if len(names) <= most:
        return codes, names
    return np.minimum(codes, most - 1), [*names[: most - 1], f"{len(names) - most + 1} other jobs"]
