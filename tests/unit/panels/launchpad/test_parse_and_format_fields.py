"""The text in the fields of a launchpad is parsed."""

import pytest

from dagster_nb.panels.launchpad.parse_and_format_fields import parse_tags, tags_text


@pytest.mark.parametrize(
    ("text", "tags", "problems"),
    [
        ("", {}, 0),
        ("a: b\n\n c:d:e ", {"a": "b", "c": "d:e"}, 0),
        ("a:", {"a": ""}, 0),
        ("a:b: c: d", {"a:b": "c: d"}, 0),
        ("a", {}, 1),
        (": b", {}, 1),
        ("a: 1\na: 2", {"a": "1"}, 1),
    ],
)
def test_tags_are_parsed_and_their_problems_are_found(text, tags, problems):
    parsed, found = parse_tags(text)
    assert parsed == tags
    assert len(found) == problems


@pytest.mark.parametrize("tags", [{}, {"a": "b", "c:d": "e: f"}])
def test_tags_survive_formatting_and_parsing(tags):
    assert parse_tags(tags_text(tags)) == (tags, [])
