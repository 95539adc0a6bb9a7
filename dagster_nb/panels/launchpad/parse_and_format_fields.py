"""Convert the text of a launchpad's fields to the arguments of a launch, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["config_text", "ops_text", "own_tags", "parse_ops", "parse_tags", "tags_text"]

# Dagster itself adds tags with these prefixes. Such tags describe a single run and make no sense for other runs.
_SYSTEM_PREFIXES = ("dagster/", ".dagster/")


def parse_tags(text: str) -> tuple[dict[str, str], list[str]]:
    """Parse tags, and return the tags and the problems that were found.

    Parameters
    ----------
    text
        One tag per line in the format ``key: value``. Empty lines are ignored.

    Examples
    --------
    >>> parse_tags("team: data")
    ({'team': 'data'}, [])
    """
    tags: dict[str, str] = {}
    problems = []
    for line in filter(None, map(str.strip, text.splitlines())):
        # A key can contain colons, so it ends at the first colon before a space.
        separator = ": " if ": " in line else ":"
        key, colon, value = (part.strip() for part in line.partition(separator))
        if not colon or not key:
            problems.append(f"{line!r} is not a tag. Write each tag as key: value.")
        elif key in tags:
            problems.append(f"The tag {key!r} appears twice. Remove one of the lines.")
        else:
            tags[key] = value
    return tags, problems


def tags_text(tags: Mapping[str, str] | None) -> str:
    """Format tags in the format that `parse_tags` parses.

    Examples
    --------
    >>> tags_text({"team": "data"})
    'team: data'
    """
    return "\n".join(f"{key}: {value}" for key, value in (tags or {}).items())


def own_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """Return a run's tags, except for the tags that Dagster itself added.

    Examples
    --------
    >>> own_tags({"team": "data", "dagster/partition": "2026-01-01"})
    {'team': 'data'}
    """
    return {key: value for key, value in tags.items() if not key.startswith(_SYSTEM_PREFIXES)}


def parse_ops(text: str) -> list[str]:
    """Split an op selection at commas and spaces.

    Examples
    --------
    >>> parse_ops("load, transform+")
    ['load', 'transform+']
    """
    return text.replace(",", " ").split()


def ops_text(ops: str | Iterable[str] | None) -> str:
    """Format an op selection in the format that `parse_ops` parses.

    Examples
    --------
    >>> ops_text(["load", "transform+"])
    'load, transform+'
    """
    return ops if isinstance(ops, str) else ", ".join(ops or ())


def config_text(config: Mapping[str, Any] | str) -> str:
    """Return a run config as YAML. A string is returned unchanged."""
    return yaml.safe_dump(dict(config), sort_keys=False, allow_unicode=True) if isinstance(config, Mapping) else config
