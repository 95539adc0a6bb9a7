"""With ``pytest -n auto``, run tests that share a server in the same process."""

from __future__ import annotations

from pathlib import PurePosixPath

from xdist.scheduler import LoadScopeScheduling

from tests.compat.targets import TARGETS

_SHARING = (
    "tests/server/known",
    "tests/server/with_daemon",
    "tests/server/assets",
    "tests/browser/binder",
    "tests/browser",
)
_TARGETS = {target.name for target in TARGETS}


def together(nodeid: str) -> str:
    """Return the group of a test: the test itself, its file, its folder, or all tests of one Dagster version.

    Examples
    --------
    >>> together("tests/unit/graphql/test_url.py::test_a")
    'tests/unit/graphql/test_url.py::test_a'
    >>> together("tests/sandbox/test_demo.py::test_a[b]"), together("tests/server/known/test_catalog.py::test_a")
    ('tests/sandbox/test_demo.py', 'tests/server/known')
    >>> together("tests/compat/test_runs.py::test_a[1.5.14-b]")
    'tests/compat on 1.5.14'
    """
    file, _, test = nodeid.partition("::")
    if file.startswith(("tests/unit/", "tests/tooling/")):
        return nodeid
    if file.startswith("tests/compat/"):
        parameters = test.partition("[")[2].rstrip("]").split("-")
        return next((f"tests/compat on {part}" for part in parameters if part in _TARGETS), file)
    return next((folder for folder in _SHARING if PurePosixPath(file).is_relative_to(folder)), file)


class Scheduling(LoadScopeScheduling):
    """Assign each group of tests to one process, and keep the tests in order."""

    def _split_scope(self, nodeid: str) -> str:
        return together(nodeid)
