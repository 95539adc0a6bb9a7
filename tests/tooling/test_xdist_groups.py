"""With pytest-xdist, tests that share a server run in the same process."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import xdist_groups
from tests.compat.targets import TARGETS
from tests.xdist_groups import together

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("nodeid", "name"),
    [
        ("tests/unit/plot/test_a.py::test_a[x]", "tests/unit/plot/test_a.py::test_a[x]"),
        ("tests/sandbox/test_demo.py::TestA::test_a", "tests/sandbox/test_demo.py"),
        ("tests/server/with_daemon/test_follow.py::test_a", "tests/server/with_daemon"),
        ("tests/server/known/test_catalog.py::test_a[Run.id]", "tests/server/known"),
        ("tests/browser/binder/test_image.py::test_a", "tests/browser/binder"),
        ("tests/browser/test_monitor.py::test_a", "tests/browser"),
        ("tests/compat/test_time_filters.py::test_a", "tests/compat/test_time_filters.py"),
        ("tests/compat/test_time_filters.py::test_a[1.5.14]", "tests/compat on 1.5.14"),
        ("tests/compat/test_time_filters.py::test_a[newest-1.5.14x]", "tests/compat on newest"),
        ("tests/compat/test_time_filters.py::test_a[created-postgresql]", "tests/compat on postgresql"),
    ],
)
def test_tests_that_share_a_server_are_in_the_same_group(nodeid, name):
    assert together(nodeid) == name


def test_the_folders_that_share_a_server_exist():
    assert all((ROOT / folder).is_dir() for folder in xdist_groups._SHARING)
    assert not any("-" in target.name for target in TARGETS)
