from __future__ import annotations

import json
import random
import sys

from tests.tooling import draw_sentences
from tests.tooling.draw_sentences import Sentence, from_markdown, from_notebook, from_python

PYTHON = '''"""Return the answer to everything."""

def answer(question):
    """Answer a question in full. The answer is
    always a number.

    Parameters
    ----------
    question
        What the user wants to know.

    Returns
    -------
    ======= ===============================
    answer  the answer to the question, as
            a number of at least one digit
    ======= ===============================

    Examples
    --------
    >>> answer("What is the answer to everything?")
    'the answer is 42'
    """
    # Questions without a question mark
    # are not supported yet.
    if not question:
        raise ValueError(f"expected a question, got {question!r}. Ask one.")  # noqa: EM102 is not prose
    return "the answer is 42"
'''


def test_python_files_yield_docstrings_and_comments_and_errors_and_strings():
    assert sorted(from_python(PYTHON), key=lambda sentence: int(sentence.place)) == [
        Sentence("docstring", "1", "Return the answer to everything."),
        Sentence("docstring", "4", "Answer a question in full."),
        Sentence("docstring", "4", "The answer is always a number."),
        Sentence("docstring", "10", "What the user wants to know."),
        Sentence("comment", "24", "Questions without a question mark are not supported yet."),
        Sentence("error", "27", "expected a question, got {…}. Ask one."),
        Sentence("text", "28", "the answer is 42"),
    ]


def test_test_names_are_sentences():
    assert list(from_python("def test_one_failure_stops_nothing(): ...")) == [
        Sentence("test", "1", "one failure stops nothing")
    ]


def test_markdown_files_yield_text_but_no_code_or_tables():
    prose = "# A heading of four words\n\nFirst comes some\nprose. Then more of it.\n\n"
    source = prose + "```\nsome code of ours\n```\n| a | b | c | d |\n"
    assert list(from_markdown(source)) == [
        Sentence("markdown", "3", "First comes some prose."),
        Sentence("markdown", "4", "Then more of it."),
    ]


def test_list_items_are_separate_sentences():
    assert [
        sentence.text for sentence in from_markdown("- One item of a\n  list.\n- Another item without a stop\n")
    ] == [
        "One item of a list.",
        "Another item without a stop",
    ]


def test_a_notebook_yields_its_markdown_cells():
    cells = [
        {"cell_type": "code", "source": ["# no sentence of ours"]},
        {"cell_type": "markdown", "source": ["# Title\n", "\n", "This is a sentence."]},
    ]
    source = json.dumps({"cells": cells}, indent=1)
    (sentence,) = from_notebook(source)
    assert sentence.text == "This is a sentence."
    assert "This is a sentence." in source.splitlines()[int(sentence.place) - 1]


def test_the_same_seed_draws_the_same_sentences(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["draw_sentences", "--seed", "7", "--count", "5", "--errors", "2"])
    draw_sentences.main()
    first = capsys.readouterr().out
    random.seed()
    draw_sentences.main()
    assert capsys.readouterr().out == first
    assert len(first.splitlines()) == 7
