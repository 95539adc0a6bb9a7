"""The versions of Dagster that introduced each feature, for error messages."""

from __future__ import annotations

import re

__all__ = ["MINIMUM_VERSIONS", "version_with"]

# A test compares this table with the schemas of all versions.
MINIMUM_VERSIONS = {
    "ReexecutionParams.extraTags": "1.10.8",
    "ReexecutionStrategy.FROM_ASSET_FAILURE": "1.10.15",
    "Run.creationTime": "1.7.13",
    "RunsFilter.createdAfter": "1.7.7",
    "RunsFilter.updatedBefore": "1.7.7",
}

# The messages in which graphql-core reports an unknown input.
_PROBLEMS = (
    re.compile(r"Field '(?P<member>\w+)' is not defined by type '(?P<type>\w+)'"),
    re.compile(r"Value '(?P<member>\w+)' does not exist in '(?P<type>\w+)' enum"),
)


def version_with(missing: str) -> str | None:
    """Return the first version of Dagster that has a feature; None if that version is unknown.

    Parameters
    ----------
    missing
        The missing feature as ``"Type.member"``, or an error message that names it.

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
        if found := problem.search(missing):
            missing = f"{found['type']}.{found['member']}"
    return MINIMUM_VERSIONS.get(missing)
