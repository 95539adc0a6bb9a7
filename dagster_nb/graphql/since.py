"""Since when Dagster has what older versions lack, for errors that name the version needed."""

from __future__ import annotations

import re

__all__ = ["SINCE", "version_with"]

# A test holds this against the schemas of all versions.
SINCE = {
    "ReexecutionParams.extraTags": "1.10.8",
    "ReexecutionStrategy.FROM_ASSET_FAILURE": "1.10.15",
    "Run.creationTime": "1.7.13",
    "RunsFilter.createdAfter": "1.7.7",
    "RunsFilter.updatedBefore": "1.7.7",
}

# How graphql-core names an input that it does not know.
_PROBLEMS = (
    re.compile(r"Field '(?P<member>\w+)' is not defined by type '(?P<type>\w+)'"),
    re.compile(r"Value '(?P<member>\w+)' does not exist in '(?P<type>\w+)' enum"),
)


def version_with(lacking: str) -> str | None:
    """Return the first version of Dagster that has something, if this package knows.

    Parameters
    ----------
    lacking
        What a server lacks: ``"Type.member"``, or an error that names it.

    Examples
    --------
    >>> version_with("Run.creationTime")
    '1.7.13'
    >>> version_with("Field 'extraTags' is not defined by type 'ReexecutionParams'.")
    '1.10.8'
    >>> version_with("Run.warpFactor") is None
    True
    """
    for problem in _PROBLEMS:
        if found := problem.search(lacking):
            lacking = f"{found['type']}.{found['member']}"
    return SINCE.get(lacking)
