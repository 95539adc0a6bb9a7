"""The Python part of the editor works, and the JavaScript file that the browser loads is complete."""

from __future__ import annotations

import pytest

from dagster_nb.panels.editor import Editor, Suggestion, Suggestions, editor_box
from dagster_nb.panels.viewport import STATIC


@pytest.fixture
def editor():
    made = Editor(value="a", label="Text")
    made.sent = []
    made.send = made.sent.append
    yield made
    made.close()


def test_completions_are_sent_for_the_cursor_position(editor):
    editor.help_with(lambda text, cursor: Suggestions(text[:cursor], (Suggestion("rows: ", "rows", detail="Int"),)))
    editor._handle_custom_msg({"type": "complete", "id": 7, "text": "rose", "cursor": 2}, [])
    candidate = {"text": "rows: ", "label": "rows", "kind": "property", "detail": "Int", "info": ""}
    assert editor.sent == [{"id": 7, "word": "ro", "candidates": [candidate]}]


def test_the_word_under_the_pointer_is_explained(editor):
    editor.help_with(None, lambda text, cursor: f"{text} at {cursor}")
    editor._handle_custom_msg({"type": "hover", "id": 8, "text": "rows", "cursor": 1}, [])
    editor._handle_custom_msg({"type": "complete", "id": 9, "text": "rows", "cursor": 1}, [])
    assert editor.sent == [{"id": 8, "text": "rows at 1"}, {"id": 9, "word": "", "candidates": []}]


def test_messages_of_other_types_are_ignored(editor):
    for content in ({}, {"type": "complete"}, "text", None):
        editor._handle_custom_msg(content, [])
    assert editor.sent == []


def test_ctrl_enter_submits_the_text(editor):
    submitted = []
    editor.on_submit(submitted.append)
    editor._handle_custom_msg({"type": "submit", "value": "b"}, [])
    assert submitted == ["b"]


def test_a_plain_text_area_has_the_same_text_until_the_script_has_started(editor):
    box = editor_box(editor)
    shown, area = box.children
    assert shown is editor
    assert area.description == editor.label
    area.value = "b"
    assert editor.value == "b"
    editor.value, editor.disabled = "c", True
    assert (area.value, area.disabled) == ("c", True)
    editor.has_started = True
    assert box.children == (editor,)
    assert area.comm is None
    editor.value = "d"
    assert area.value == "c"
    box.close()


def test_the_script_has_its_licenses_and_does_not_make_the_wheel_much_larger():
    # The wheel compresses the file, so the wheel grows by less than this limit.
    assert (STATIC / "editor.js").stat().st_size < 700_000
    licenses = (STATIC / "editor_licenses.txt").read_text("utf-8")
    assert licenses.count("Permission is hereby granted") == licenses.count("\n----\n") + 1
    assert "@codemirror/view" in licenses
