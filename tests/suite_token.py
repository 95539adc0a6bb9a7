"""A pytest plugin that sends a token, and fails if anything that the test suite produces contains this token.

While tests run, the plugin searches widget messages and the arguments of started processes for the token. At the end of
a session, it also searches the test reports, the temporary folders and the files that pytest writes. Browser tests
check their pages, and the tests of the notebooks check the outputs.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable

HEADER = "X-Suite-Token"
# The file to which a kernel writes its leaks, because it has its own copy of `leaks`.
_LEAKS_FILE = "DAGSTER_NB_SUITE_LEAKS"
# Tracebacks show source lines of this file, so no line contains the complete token.
TOKEN = "4c09-nekot-etius-1b7e"[::-1]
# A temporary folder can contain a database with a long history.
_BYTES_PER_PIECE = 2**24

leaks: list[str] = []
"""The places in this process where the token was found since the last test."""

_places: list[str] = []
"""The places in the session's reports and files where the token was found."""


def pytest_sessionstart(session: pytest.Session) -> None:
    if _is_worker(session.config) or session.config.getoption("dist", "no") == "no":
        authenticate()


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown() -> None:
    found = leaks.copy()
    leaks.clear()
    assert not found, f"the test suite's token is in {', '.join(found)}"


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if contains_token([report.longreprtext, list(report.sections)]):
        _places.append(f"the report of {report.nodeid}")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    if _is_worker(session.config):
        return
    folders = [session.config._tmp_path_factory.getbasetemp()]
    if session.config.getoption("xmlpath", None):
        folders.append(Path(session.config.getoption("xmlpath")))
    _places.extend(map(str, files_with_token(folders)))
    if _places:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for place in _places:
        terminalreporter.write_line(f"ERROR: the test suite's token is in {place}", red=True)


def authenticate() -> None:
    """Make every connection of this process send the token, and search everything that this process produces for it."""
    from comm.base_comm import BaseComm

    from dagster_nb.client import credentials

    all_headers = credentials._all_headers
    credentials._all_headers = lambda *arguments: {HEADER: TOKEN, **all_headers(*arguments)}
    BaseComm.open, BaseComm.send = _searched(BaseComm.open), _searched(BaseComm.send)
    sys.addaudithook(_search_process_arguments)


def authenticate_kernels(folder: Path) -> dict[str, str]:
    """Return environment variables with which the kernels that a test starts call `authenticate`.

    The kernels write what they find into ``folder``, and `leaks_of_kernels` reads it.
    """
    startup = folder / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "00-token.py").write_text("from tests.suite_token import authenticate\n\nauthenticate()\n")
    return {
        "IPYTHONDIR": str(folder),
        "PYTHONPATH": str(Path(__file__).parents[1]),
        _LEAKS_FILE: str(folder / "leaks.txt"),
    }


def leaks_of_kernels(folder: Path) -> list[str]:
    """Return the places where the kernels found the token."""
    file = folder / "leaks.txt"
    return file.read_text(encoding="utf-8").splitlines() if file.exists() else []


def contains_token(value: object) -> bool:
    """Return whether a string, or any string in nested dicts and lists, contains the token."""
    return TOKEN in repr(value)


def files_with_token(folders: Iterable[Path]) -> list[Path]:
    """Return the files in these folders that contain the token."""
    files = (path for folder in folders for path in [folder, *folder.rglob("*")])
    return [path for path in files if path.is_file() and not path.is_symlink() and _is_in_file(path)]


def _is_worker(config: pytest.Config) -> bool:
    return hasattr(config, "workerinput")


def _is_in_file(path: Path) -> bool:
    end = b""
    try:
        with path.open("rb") as file:
            while piece := file.read(_BYTES_PER_PIECE):
                if TOKEN.encode() in end + piece:
                    return True
                end = piece[-len(TOKEN) :]
    except OSError:
        # The file may have disappeared, because processes that are still stopping remove their files.
        return False
    return False


def _searched(send: Any) -> Any:
    """Return a method that searches the message of a widget for the token before sending the message."""

    def search_and_send(comm: Any, data: Any = None, *arguments: Any, **options: Any) -> Any:
        if contains_token(data):
            _report("a widget message")
        return send(comm, data, *arguments, **options)

    return search_and_send


def _search_process_arguments(event: str, arguments: tuple[Any, ...]) -> None:
    if event in {"subprocess.Popen", "os.posix_spawn", "os.exec"} and contains_token(arguments[:2]):
        _report(f"the arguments of the process {arguments[0]}")


def _report(place: str) -> None:
    leaks.append(place)
    if _LEAKS_FILE in os.environ:
        with Path(os.environ[_LEAKS_FILE]).open("a", encoding="utf-8") as file:
            file.write(f"{place} in a kernel\n")
