"""The suite fails if anything that a test produces contains the token that its connections send."""

import re
import subprocess
import sys
from pathlib import Path

from tests.suite_token import HEADER, TOKEN
from tests.unit.fake import FakeDagster

LEAKS = """
import logging, subprocess, sys
import pytest
from ipywidgets import HTML
from tests.suite_token import TOKEN

def test_nothing(tmp_path):
    (tmp_path / "innocent").write_text("nothing")

def test_file(tmp_path):
    (tmp_path / "leaking.txt").write_text("x" * 100 + TOKEN)

def test_output():
    print(TOKEN)

def test_log():
    logging.getLogger("x").warning("headers: %s", TOKEN)

def test_error():
    with pytest.raises(ZeroDivisionError):
        1 / 0
    raise ValueError(TOKEN)

def test_first_state_of_a_widget():
    HTML(value=f"<b>{TOKEN}</b>")

def test_later_state_of_a_widget():
    HTML().value = TOKEN

def test_process():
    subprocess.run([sys.executable, "-c", "pass", TOKEN], check=True)
"""
FAILED = {"error", "first_state_of_a_widget", "later_state_of_a_widget", "process"}


def test_each_connection_sends_the_token():
    import dagster_nb as dnb

    with FakeDagster() as fake:
        dnb.connect(fake.url).close()
        assert fake.headers[0][HEADER] == TOKEN


def test_every_leak_is_found(tmp_path):
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "test_leaks.py").write_text(LEAKS)
    command = [sys.executable, "-m", "pytest", "-p", "tests.suite_token", "-p", "no:cacheprovider", "-v", "--tb=no"]
    ended = subprocess.run(
        [*command, f"--rootdir={tmp_path}", f"--basetemp={tmp_path / 'temporary'}", str(tmp_path / "test_leaks.py")],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    output = ended.stdout.replace(TOKEN, "…")
    (tmp_path / "temporary" / "test_file0" / "leaking.txt").unlink()
    assert ended.returncode == 1, output
    assert set(re.findall(r"^(?:FAILED|ERROR) \S+::test_(\w+)", output, re.MULTILINE)) == FAILED
    for place in ("leaking.txt", "the report of test_leaks.py::test_output", "::test_log", "::test_error"):
        assert re.search(rf"^ERROR: the test suite's token is in .*{re.escape(place)}$", output, re.MULTILINE)
    assert "test_nothing" not in "".join(re.findall(r"^ERROR.*", output, re.MULTILINE))
    # If nothing leaks, the session succeeds.
    ended = subprocess.run([*command, "-k", "nothing", str(tmp_path / "test_leaks.py")], cwd=Path(__file__).parents[2],
                           capture_output=True, text=True, check=False)  # fmt: skip
    assert ended.returncode == 0
