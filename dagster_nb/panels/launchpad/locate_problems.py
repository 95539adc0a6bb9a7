"""Find the lines in which the problems of a config occur, because Dagster reports only paths."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dagster_nb.errors import ConfigProblem, RunConfigInvalidError

__all__ = ["Problem", "locate_problems", "problem_from_error"]

_LINE = re.compile(r"line (\d+), column \d+: ")
_UNEXPECTED_KEY = re.compile(r'unexpected config entr(?:y|ies) "(.+?)" at')
_LIST_INDEX = re.compile(r"\[(\d+)\]")


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem in the user's input.

    Parameters
    ----------
    message
        A description of the problem.
    path
        The path in the config. The path is empty for a problem of the whole config, and for a problem outside the
        config.
    line
        The problem's line number in the config text, counted from 1, or None if it is unknown.
    start, end
        The columns where the problem starts and ends, counted from 0. None if the problem concerns the whole line.
    """

    message: str
    path: str = ""
    line: int | None = None
    start: int | None = None
    end: int | None = None

    @property
    def place(self) -> str:
        """The position of the problem, such as ``"line 4 · ops.load"``, or "" if it has no particular position."""
        line = "" if self.line is None else f"line {self.line}"
        return " · ".join(filter(None, [line, self.path]))


def locate_problems(problems: Iterable[ConfigProblem], config: str) -> list[Problem]:
    """Find the line of each problem.

    Parameters
    ----------
    problems
        The problems that Dagster has reported.
    config
        The text of the config.

    Examples
    --------
    >>> from dagster_nb.errors import ConfigProblem
    >>> locate_problems([ConfigProblem("ops.load", "", "no such op")], "ops: {load: 1}")[0].line
    1
    """
    try:
        root = yaml.compose(config, Loader=yaml.SafeLoader)
    except yaml.YAMLError:
        root = None
    return [
        Problem(one.message, one.path) if root is None else _located(root, one.path, one.message) for one in problems
    ]


def problem_from_error(error: RunConfigInvalidError) -> Problem:
    """Convert the error for an invalid config to a problem.

    Examples
    --------
    >>> from dagster_nb.errors import RunConfigInvalidError
    >>> problem_from_error(RunConfigInvalidError("invalid YAML: line 3, column 7: a tab")).line
    3
    """
    first_line = str(error).splitlines()[0]
    place = _LINE.search(first_line)
    return Problem(first_line, line=int(place[1]) if place else None)


def _located(root: yaml.Node, path: str, message: str) -> Problem:
    node, key, rest = root, None, path
    while rest and (found := _descend(node, rest)) is not None:
        node, key, rest = found
    if not rest and (unexpected := _UNEXPECTED_KEY.search(message)) and isinstance(node, yaml.MappingNode):
        key = next((one for one, _ in node.value if one.value == unexpected[1]), key)
    if key is None:
        return Problem(message, path)
    start, end = key.start_mark, key.end_mark
    return Problem(message, path, start.line + 1, start.column, end.column if end.line == start.line else None)


def _descend(node: yaml.Node, path: str) -> tuple[yaml.Node, yaml.Node, str] | None:
    """Follow the first part of a path, and return its node, the node to mark, and the rest of the path."""
    if isinstance(node, yaml.SequenceNode):
        index = _LIST_INDEX.match(path)
        if index is None or int(index[1]) >= len(node.value):
            return None
        item = node.value[int(index[1])]
        return item, item, path[index.end() :].removeprefix(".")
    if isinstance(node, yaml.MappingNode):
        # A key can contain dots, so use the longest key that matches.
        for key, value in sorted(node.value, key=lambda pair: -len(str(pair[0].value))):
            name = str(key.value)
            rest = path.removeprefix(name)
            if path.startswith(name) and (not rest or rest[0] in ".["):
                return value, key, rest.removeprefix(".")
    return None
