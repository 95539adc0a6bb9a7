"""Find jobs that became slower, and the tags and config values that changed at the same time."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from dagster_nb.analysis.changed_values import changed_values
from dagster_nb.analysis.current_slowdowns import runs_around
from dagster_nb.analysis.digests.email_pictures import duration_picture
from dagster_nb.analysis.digests.findings import Finding
from dagster_nb.analysis.run_comparison import config_values, parse_json
from dagster_nb.analysis.slowdown_text import slowdown_text, value_change_text
from dagster_nb.terminal_text import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from dagster_nb.analysis.digests.evidence import Evidence

__all__ = ["find_slow_jobs", "runs_to_compare"]

# The maximum number of runs before a change, and after it, whose configs are compared.
_MAX_CONFIGS = 20
_MAX_CHANGES = 3
# Digests show config changes by default and may be sent to many people, so they hide the values of these keys.
_SECRET_KEY = re.compile("password|passwd|passphrase|secret|token|credential|api_?key|private_?key", re.IGNORECASE)
_VERY_LIKELY = 0.001


def runs_to_compare(runs: pd.DataFrame, slowdowns: pd.DataFrame) -> list[str]:
    """Return the ids of the runs just before and just after each slowdown, so that their configs can be compared."""
    ids: list[str] = []
    for change in slowdowns.to_dict("records"):
        before, after = runs_around(runs, change)
        ids += [*before["run_id"].tail(_MAX_CONFIGS), *after["run_id"].head(_MAX_CONFIGS)]
    return list(dict.fromkeys(ids))


def find_slow_jobs(evidence: Evidence) -> list[Finding]:
    """Return one finding per job that has become slower. A slowdown that is new in this period is a warning."""
    if evidence.slowdowns is None:
        return []
    found = []
    for change in evidence.slowdowns.to_dict("records"):
        before, after = runs_around(evidence.runs, change)
        job = one_line(change["job_name"])
        found.append(
            Finding(
                "slower job",
                "warning" if change["is_new"] else "note",
                job,
                slowdown_text(change, _changes(before, after, evidence.run_configs)),
                change["changed_at"],
                "very likely" if change["p_value"] <= _VERY_LIKELY else "likely",
                f"p = {change['p_value']:.1g} (rank test); medians of {change['n_before']} runs before and "
                f"{change['n_after']} after",
                f"dnb.plot.duration_trend(client.runs(job={str(change['job_name'])!r}, created_after='60d'))",
                after["run_id"].tolist(),
                duration_picture(before, after, f"{job}: durations"),
            )
        )
    return found


def _changes(before: pd.DataFrame, after: pd.DataFrame, configs: Mapping[str, object]) -> list[str]:
    tags = changed_values(_dicts(before["tags"]), _dicts(after["tags"])) if "tags" in before else []
    sides = ([config_values(configs[one]) for one in side["run_id"] if one in configs] for side in (before, after))
    config = changed_values(*sides)
    return [
        *(value_change_text("tag", *values) for values in tags[:_MAX_CHANGES]),
        *(_config_change_text(*values) for values in config[:_MAX_CHANGES]),
    ]


def _config_change_text(key: str, before: str | None, after: str | None) -> str:
    if _SECRET_KEY.search(key):
        return f"the config entry {one_line(key)} changed"
    return value_change_text("config entry", key, before, after)


def _dicts(values: pd.Series) -> Sequence[Mapping[str, Any]]:
    parsed = [parse_json(value) for value in values]
    return [one if isinstance(one, dict) else {} for one in parsed]
