"""Where in a config's text a problem is: Dagster says the path, a person looks at lines."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dagster_nb.errors import ConfigProblem, RunConfigInvalidError

__all__ = ["Problem", "problem_of_error", "problems_of"]

_PLACE = re.compile(r"line (\d+), column \d+: ")
_UNEXPECTED = re.compile(r'unexpected config entr(?:y|ies) "(.+?)" at')
_INDEX = re.compile(r"\[(\d+)\]")


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is wrong with what was filled in.

    Parameters
    ----------
    message
        What.
    path
        Where in the config; empty for all of it.
    line
        Which line of its text, from 1; None where that cannot be told.
    """

    message: str
    path: str = ""
    line: int | None = None


def problems_of(problems: Iterable[ConfigProblem], config: str) -> list[Problem]:
    """Return what Dagster finds wrong with a config, each with the line that it is about.

    Parameters
    ----------
    problems
        What Dagster said.
    config
        The text that it is about.

    Examples
    --------
    >>> from dagster_nb.errors import ConfigProblem
    >>> problems_of([ConfigProblem("ops.load", "", "no")], "ops: {load: 1}")[0].line
    1
    """
    try:
        root = yaml.compose(config, Loader=yaml.SafeLoader)
    except yaml.YAMLError:
        root = None
    return [
        Problem(one.message, one.path, None if root is None else _line(root, one.path, one.message)) for one in problems
    ]


def problem_of_error(error: RunConfigInvalidError) -> Problem:
    """Return what is wrong with a text that is no config at all.

    Parameters
    ----------
    error
        What reading it raised.

    Examples
    --------
    >>> from dagster_nb.errors import RunConfigInvalidError
    >>> problem_of_error(RunConfigInvalidError("no valid YAML: line 3, column 7: a tab")).line
    3
    """
    first = str(error).splitlines()[0]
    place = _PLACE.search(first)
    return Problem(first, line=int(place[1]) if place else None)


def _line(root: yaml.Node, path: str, message: str) -> int | None:
    node, line = root, None
    while path and (step := _step(node, path)) is not None:
        node, line, path = step
    if not path and (stranger := _UNEXPECTED.search(message)) and isinstance(node, yaml.MappingNode):
        line = next((key.start_mark.line for key, _ in node.value if key.value == stranger[1]), line)
    return None if line is None else line + 1


def _step(node: yaml.Node, path: str) -> tuple[yaml.Node, int, str] | None:
    """Go one step down a path: where that leads, its line, and the rest of the path."""
    if isinstance(node, yaml.SequenceNode):
        index = _INDEX.match(path)
        if index is None or int(index[1]) >= len(node.value):
            return None
        item = node.value[int(index[1])]
        return item, item.start_mark.line, path[index.end() :].removeprefix(".")
    if isinstance(node, yaml.MappingNode):
        # A key can hold a dot itself; the longest that fits is the one meant.
        for key, value in sorted(node.value, key=lambda pair: -len(str(pair[0].value))):
            name = str(key.value)
            rest = path.removeprefix(name)
            if path.startswith(name) and (not rest or rest[0] in ".["):
                return value, key.start_mark.line, rest.removeprefix(".")
    return None
