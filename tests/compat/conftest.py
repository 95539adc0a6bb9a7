"""Every test that asks for ``dagster`` runs against each target, and its outcome goes into the README's table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import dagster_nb as dnb
from tests.compat import database, table
from tests.compat.environments import CannotBuildError
from tests.compat.postgres import NoPostgresError
from tests.compat.servers import Dagster, Fleet
from tests.compat.targets import TARGETS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HERE = Path(__file__).parent
RESULTS = pytest.StashKey[table.Results]()
# The tests that make up the suite, and those of them that have run.
SUITE = pytest.StashKey[set[str]]()
RAN = pytest.StashKey[set[str]]()
WRONG = pytest.StashKey[bool]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--write-table", action="store_true", help="write the table of versions into README.md")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "capability(name): which row of the README's table a test belongs to")
    config.stash[RESULTS] = table.Results()
    config.stash[SUITE], config.stash[RAN] = set(), set()
    config.stash[WRONG] = False


def _target_of(item: pytest.Item) -> str | None:
    call = getattr(item, "callspec", None)
    return None if call is None or "dagster" not in call.params else call.params["dagster"].name


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    # First, before -k takes some out: only a run of the whole suite says what the table should be.
    files = {item.path for item in items}
    if set(HERE.glob("test_*.py")) <= files:
        config.stash[SUITE].update(item.nodeid for item in items if _target_of(item))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):
    report = yield
    target = _target_of(item)
    if target is None or (report.when != "call" and report.passed):
        return report
    [capability] = item.get_closest_marker("capability").args
    results = item.config.stash[RESULTS]
    results.add(capability, target, passed=report.passed)
    if report.when == "call":
        for text, lacks in getattr(item, "compat_notes", []):
            results.note(capability, target, text, lacks=lacks)
    item.config.stash[RAN].add(item.nodeid)
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    config = session.config
    if not config.stash[SUITE] or config.stash[SUITE] - config.stash[RAN]:
        return
    made = config.stash[RESULTS].table([target.name for target in TARGETS])
    if config.getoption("--write-table"):
        table.write(made)
    elif made != table.written():
        config.stash[WRONG] = True
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter, config: pytest.Config) -> None:
    if config.stash[WRONG]:
        terminalreporter.section("README.md's table of versions says otherwise", red=True)
        terminalreporter.write_line("These results say, and `pytest tests/compat --write-table` would write:\n")
        terminalreporter.write_line(config.stash[RESULTS].table([target.name for target in TARGETS]))


@pytest.fixture(scope="session")
def fleet(request: pytest.FixtureRequest) -> Iterator[Fleet]:
    wanted = {name for item in request.session.items if (name := _target_of(item))}
    fleet = Fleet([target for target in TARGETS if target.name in wanted])
    yield fleet
    fleet.close()


@pytest.fixture(scope="session", params=TARGETS, ids=str)
def dagster(request: pytest.FixtureRequest, fleet: Fleet) -> Iterator[Dagster]:
    """A running Dagster, of each target in turn."""
    try:
        dagster = fleet.get(request.param)
    except (CannotBuildError, NoPostgresError) as error:
        pytest.fail(str(error), pytrace=False)
    yield dagster
    dagster.stop()


@pytest.fixture(scope="session")
def client(dagster: Dagster) -> Iterator[dnb.DagsterClient]:
    with dnb.connect(dagster.url, progress=False) as client:
        yield client


@pytest.fixture(scope="session")
def stage(dagster: Dagster) -> dict[str, str]:
    """The ids of the runs that were launched when the server started."""
    if isinstance(dagster.stage, Exception):
        raise dagster.stage
    return dagster.stage


@pytest.fixture
def stored(dagster: Dagster) -> Callable[[], list[database.Row]]:
    """Read the server's table of runs, newest first."""
    return lambda: database.rows(dagster.database)


@pytest.fixture
def note(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Note for the table what this version cannot do, once a test has seen that it is so."""
    request.node.compat_notes = []

    def note(text: str, *, lacks: bool = False) -> None:
        request.node.compat_notes.append((text, lacks))

    return note
