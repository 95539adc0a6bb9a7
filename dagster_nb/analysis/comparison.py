"""Two runs side by side."""

from __future__ import annotations

import json

import pandas as pd

from dagster_nb.analysis.columns import column, durations, text

__all__ = ["compare_runs"]

_PLAIN = ("run_id", "job_name", "status", "start_time", "duration", "queue_duration", "partition_key", "launched_by")


def compare_runs(runs: pd.DataFrame, steps: pd.DataFrame | None = None) -> pd.DataFrame:
    """Put two runs side by side: what they are, their config, their tags, and how long their steps took.

    Parameters
    ----------
    runs
        Exactly two runs, with the columns of ``client.runs()``. The config is compared where the frame has a
        ``run_config`` (``include="run_config"``); the ``tags`` likewise. Both may be dicts or JSON text.
    steps
        The steps of both, with the columns of ``client.steps()``; steps of other runs are passed over.

    Returns
    -------
    pandas.DataFrame
        ======== ======= ===============================================================================
        section  string  ``"run"``, ``"config"``, ``"tags"`` or ``"steps"``
        key      string  a column of the run, the path of a config value (``ops.load.config.rows``), a tag, or a
                         step key
        first    object  the value in the first run given; None where it has none. The value of a step is its
                         duration (`pandas.Timedelta`), the latest where a run has several of the same key.
        second   object  the value in the second
        differs  bool    whether the two are different
        ======== ======= ===============================================================================

    Raises
    ------
    ValueError
        If `runs` does not hold exactly two runs.

    Examples
    --------
    >>> runs = pd.DataFrame({"run_id": ["a", "b"], "tags": [{"team": "data"}, {"team": "ml"}]})
    >>> compare_runs(runs)
      section     key first second  differs
    0     run  run_id     a      b     True
    1    tags    team  data     ml     True
    """
    if len(runs) != 2:  # noqa: PLR2004
        raise ValueError(f"compare_runs takes two runs; this frame has {len(runs)}")
    first, second = (_sections(runs.iloc[[position]], steps) for position in (0, 1))
    rows = []
    for section, left in first.items():
        right = second[section]
        for key in left | right:
            a, b = left.get(key), right.get(key)
            rows.append((section, key, a, b, a != b))
    answer = pd.DataFrame(rows, columns=["section", "key", "first", "second", "differs"], dtype="object")
    return answer.astype({"section": pd.StringDtype(), "key": pd.StringDtype(), "differs": bool})


def _sections(run: pd.DataFrame, steps: pd.DataFrame | None) -> dict[str, dict[str, object]]:
    plain = {name: run[name].iloc[0] for name in _PLAIN if name in run.columns}
    sections = {"run": {name: None if pd.isna(value) else value for name, value in plain.items()}}
    if "run_config" in run.columns:
        sections["config"] = _leaves(_parsed(run["run_config"].iloc[0]))
    if "tags" in run.columns:
        tags = _parsed(run["tags"].iloc[0])
        sections["tags"] = tags if isinstance(tags, dict) else {"": tags}
    if steps is not None:
        own = steps[(text(steps, "run_id") == text(run, "run_id").iloc[0]).fillna(False).to_numpy(dtype=bool)]
        taken = zip(column(own, "step_key"), durations(own, "duration"), strict=True)
        sections["steps"] = {key: None if pd.isna(duration) else duration for key, duration in taken}
    return sections


def _parsed(value: object) -> object:
    """Read JSON text; leave anything else as it is."""
    if isinstance(value, str):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value if isinstance(value, dict | list) else {}


def _leaves(value: object, path: str = "") -> dict[str, object]:
    """Flatten nested dicts and lists to their values by dotted path; an empty one is a value itself."""
    if isinstance(value, dict) and value:
        named = [(f"{path}.{key}" if path else str(key), child) for key, child in value.items()]
    elif isinstance(value, list) and value:
        named = [(f"{path}[{position}]", child) for position, child in enumerate(value)]
    else:
        return {path: value} if path or value else {}
    return {leaf: content for name, child in named for leaf, content in _leaves(child, name).items()}
