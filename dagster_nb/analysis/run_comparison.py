"""Compare two runs: their main fields, run config, tags and step durations."""

from __future__ import annotations

import json

import pandas as pd

from dagster_nb.analysis.read_columns import column, durations, strings

__all__ = ["compare_runs", "config_values", "parse_json"]

_RUN_COLUMNS = (
    "run_id",
    "job_name",
    "status",
    "start_time",
    "duration",
    "queue_duration",
    "partition_key",
    "launched_by",
)


def compare_runs(runs: pd.DataFrame, steps: pd.DataFrame | None = None) -> pd.DataFrame:
    """Compare two runs side by side: their main fields, run config, tags and step durations.

    Parameters
    ----------
    runs
        Exactly two runs, with the columns of ``client.runs()``. Configs are compared if the frame has a column
        ``run_config`` (from ``include="run_config"``), and tags if it has a column ``tags``. Configs and tags can be
        dicts or JSON strings.
    steps
        The steps of the two runs, with the columns of ``client.steps()``. Steps of other runs are ignored.

    Returns
    -------
    pandas.DataFrame
        ======== ======= ===============================================================================
        section  string  ``"run"``, ``"config"``, ``"tags"`` or ``"steps"``
        key      string  a column of the run, the path of a config value (``ops.load.config.rows``), a tag, or a
                         step key
        first    object  the value in the first run, or None. For a step, this is its duration
                         (`pandas.Timedelta`), or the last duration if a run has several such steps.
        second   object  the value in the second run
        differs  bool    whether the two values differ
        ======== ======= ===============================================================================

    Raises
    ------
    ValueError
        If `runs` does not contain exactly two runs.

    Examples
    --------
    >>> runs = pd.DataFrame({"run_id": ["a", "b"], "tags": [{"team": "data"}, {"team": "ml"}]})
    >>> compare_runs(runs)
      section     key first second  differs
    0     run  run_id     a      b     True
    1    tags    team  data     ml     True
    """
    if len(runs) != 2:  # noqa: PLR2004
        raise ValueError(
            f"compare_runs needs a frame of exactly two runs, but this frame has {len(runs)}. Select two rows, for "
            "example with runs.head(2)."
        )
    first, second = (_sections(runs.iloc[[position]], steps) for position in (0, 1))
    rows = []
    for section, left in first.items():
        right = second[section]
        for key in left | right:
            a, b = left.get(key), right.get(key)
            rows.append((section, key, a, b, a != b))
    result = pd.DataFrame(rows, columns=["section", "key", "first", "second", "differs"], dtype="object")
    return result.astype({"section": pd.StringDtype(), "key": pd.StringDtype(), "differs": bool})


def _sections(run: pd.DataFrame, steps: pd.DataFrame | None) -> dict[str, dict[str, object]]:
    facts = {name: run[name].iloc[0] for name in _RUN_COLUMNS if name in run.columns}
    sections = {"run": {name: None if pd.isna(value) else value for name, value in facts.items()}}
    if "run_config" in run.columns:
        sections["config"] = config_values(parse_json(run["run_config"].iloc[0]))
    if "tags" in run.columns:
        tags = parse_json(run["tags"].iloc[0])
        sections["tags"] = tags if isinstance(tags, dict) else {"": tags}
    if steps is not None:
        own = steps[(strings(steps, "run_id") == strings(run, "run_id").iloc[0]).fillna(False).to_numpy(dtype=bool)]
        pairs = zip(column(own, "step_key"), durations(own, "duration"), strict=True)
        sections["steps"] = {key: None if pd.isna(duration) else duration for key, duration in pairs}
    return sections


def parse_json(value: object) -> object:
    """Parse a JSON string. An invalid string is returned unchanged."""
    if isinstance(value, str):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value if isinstance(value, dict | list) else {}


def config_values(value: object, path: str = "") -> dict[str, object]:
    """Return a flat dict of the values in nested dicts and lists.

    Its keys are dotted paths. Empty dicts and lists count as values.
    """
    if isinstance(value, dict) and value:
        named = [(f"{path}.{key}" if path else str(key), child) for key, child in value.items()]
    elif isinstance(value, list) and value:
        named = [(f"{path}[{position}]", child) for position, child in enumerate(value)]
    else:
        return {path: value} if path or value else {}
    return {leaf: content for name, child in named for leaf, content in config_values(child, name).items()}
