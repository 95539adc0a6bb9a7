"""The line of a problem in a config is found."""

import pytest

from dagster_nb.errors import ConfigProblem, RunConfigInvalidError
from dagster_nb.panels.launchpad.locate_problems import locate_problems, problem_from_error


@pytest.mark.parametrize(
    ("path", "message", "line"),
    [
        ("", "", None),
        ("ops", "", 2),
        ("ops.fit.config", "", 4),
        ("ops.fit.config", 'Received unexpected config entry "nope" at path', 7),
        ("ops.fit.config.days[1]", "", 6),
        ("ops.fit.config.days[1].x", "", 6),
        ("ops.fit.config.a.b", "", 8),
        ("ops.fit.config.a.b.c", "", 9),
        ("ops.gone.config", "", 2),
        ("ops.fit.config.days[7]", "", 5),
    ],
)
def test_the_line_of_a_path_is_found(path, message, line):
    config = (
        "# a comment\nops:\n  fit:\n    config:\n      days: [1,\n        2]\n      nope: 1\n      a.b:\n        c: 1\n"
    )
    assert locate_problems([ConfigProblem(path, "", message)], config)[0].line == line


def test_problems_in_invalid_yaml_have_no_line():
    assert locate_problems([ConfigProblem("ops", "REASON", "no")], "a: [")[0].line is None
    assert problem_from_error(RunConfigInvalidError("this text is not a mapping")).line is None


@pytest.mark.parametrize(
    ("path", "message", "marked"),
    [
        ("ops.fit", "", "fit"),
        ("ops.fit.days[1]", "", "two"),
        ("ops.fit", 'Received unexpected config entry "nope" at path', '"nope"'),
    ],
)
def test_the_key_or_item_of_a_problem_is_marked(path, message, marked):
    config = 'ops:\n  fit:\n    days: [1, two]\n    "nope": 1\n'
    found = locate_problems([ConfigProblem(path, "", message)], config)[0]
    assert config.splitlines()[found.line - 1][found.start : found.end] == marked
