"""The user's own code is found in stack traces, and so is the place where an error was raised."""

import pytest

from dagster_nb.frames.stacks import own_code_frame, raised_in, stack_frames, traceback_text

DAGSTER = "/venv/lib/python3.12/site-packages/dagster/_core/execution/plan/utils.py"
PANDAS = "/venv/lib/python3.12/site-packages/pandas/core/frame.py"
STANDARD = "/usr/lib/python3.12/contextlib.py"
OWN = "/opt/shop/ingest.py"


def stack(*files):
    return "".join(
        f'  File "{file}", line {place}, in function_{place}\n    code()\n' for place, file in enumerate(files)
    )


def own(*files):
    return [frame.is_own for frame in stack_frames(stack(*files))]


def test_code_outside_libraries_belongs_to_the_user():
    assert own(DAGSTER, STANDARD, OWN, PANDAS, "<frozen importlib._bootstrap>") == [False, False, True, False, False]
    assert own(r"C:\\code\\etl.py", r"C:\\venv\\Lib\\site-packages\\dagster\\a.py", r"C:\\Python312\\Lib\\a.py") == [
        True,
        False,
        False,
    ]


def test_installed_code_belongs_to_the_user_if_there_is_no_other_code():
    installed = "/venv/lib/python3.12/site-packages/shop/ingest.py"
    assert own(DAGSTER, installed, STANDARD) == [False, True, False]
    assert own(DAGSTER, STANDARD) == [False, False]


def test_a_frame_contains_its_source_lines():
    text = stack(OWN) + "    ^^^^^^\n  [Previous line repeated 996 more times]\n" + stack(DAGSTER)
    first, second = stack_frames(text)
    assert first.text.endswith("[Previous line repeated 996 more times]")
    assert second.text.startswith(f'  File "{DAGSTER}"')
    assert (first.file, first.line, first.function) == (OWN, 0, "function_0")


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ([DAGSTER, OWN, PANDAS], "function_1 in shop/ingest.py"),
        ([DAGSTER, STANDARD], "function_1 in python3.12/contextlib.py"),
        (["etl.py"], "function_0 in etl.py"),
        ([], None),
    ],
)
def test_the_place_of_an_error_is_the_innermost_function_of_the_user(files, expected):
    assert raised_in(stack(*files)) == expected
    assert (own_code_frame(stack_frames(stack(*files))) is None) == (expected is None)


def test_a_traceback_ends_with_the_outermost_error():
    inner = {"error_class": "KeyError", "error_message": "'rates'", "stack": stack(OWN)}
    outer = {"error_class": "ProviderError", "error_message": "no rates", "stack": ""}
    text = traceback_text([outer, inner])
    assert text.startswith("Traceback (most recent call last):\n  File")
    assert "KeyError: 'rates'\n\nThe above exception was the direct cause" in text
    assert text.endswith("ProviderError: no rates")
