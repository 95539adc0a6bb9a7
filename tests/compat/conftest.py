"""Run each test with the fixture ``dagster`` against all targets, and compare the results with the README's table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import dagster_nb as dnb
from dagster_nb.graphql import documents
from dagster_nb.graphql.pruning import prune
from tests.compat import read_database, table
from tests.compat.environments import CannotBuildError
from tests.compat.postgres import NoPostgresError
from tests.compat.servers import Dagster, Fleet
from tests.compat.targets import TARGETS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pandas as pd

HERE = Path(__file__).parent


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--write-table", action="store_true", help="write the table of versions into README.md")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "capability(name): the row of the README's table that a test belongs to")
    config.pluginmanager.register(Evidence())


def _target_of(item: pytest.Item) -> str | None:
    call = getattr(item, "callspec", None)
    return None if call is None or "dagster" not in call.params else call.params["dagster"].name


class Evidence:
    """Collects the test results.

    With pytest-xdist, workers send only test reports to the main process, so the results are attached to the reports.
    """

    def __init__(self) -> None:
        self.suite = 0
        self.ran: set[str] = set()
        self.results = table.Results()
        self.wrong = False

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        # Count the tests before `-k` deselects some, because only a run of all tests can check the table.
        ours = [item for item in items if _target_of(item)]
        if set(HERE.glob("test_*.py")) <= {item.path for item in ours}:
            self.suite = len(ours)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]):
        report = yield
        target = _target_of(item)
        if target is not None:
            [capability] = item.get_closest_marker("capability").args
            notes = getattr(item, "compat_notes", []) if report.when == "call" else []
            report.user_properties.append(("compat", (capability, target, notes, self.suite)))
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        result = dict(report.user_properties).get("compat")
        if result is None or (report.when != "call" and report.passed):
            return
        capability, target, notes, self.suite = result
        self.results.add(capability, target, passed=report.passed)
        for text, lacks in notes:
            self.results.note(capability, target, text, lacks=lacks)
        self.ran.add(report.nodeid)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if not self.suite or len(self.ran) < self.suite:
            return
        made = self._table()
        if session.config.getoption("--write-table"):
            table.write(made)
        elif made != table.written():
            self.wrong = True
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter) -> None:
        if self.wrong:
            terminalreporter.section("The table of versions in README.md differs from the results", red=True)
            terminalreporter.write_line("`pytest --extended tests/compat --write-table` would write this table:\n")
            terminalreporter.write_line(self._table())

    def _table(self) -> str:
        return self.results.table([target.name for target in TARGETS])


@pytest.fixture(scope="package")
def fleet(request: pytest.FixtureRequest) -> Iterator[Fleet]:
    wanted = {name for item in request.session.items if (name := _target_of(item))}
    # A pytest-xdist worker does not know which target comes next, so it cannot start the server in advance.
    alone = not hasattr(request.config, "workerinput")
    fleet = Fleet([target for target in TARGETS if target.name in wanted], ahead=alone)
    yield fleet
    fleet.close()


@pytest.fixture(
    scope="package",
    params=[pytest.param(target, marks=[pytest.mark.extended] if target.extended else []) for target in TARGETS],
    ids=str,
)
def dagster(request: pytest.FixtureRequest, fleet: Fleet) -> Iterator[Dagster]:
    """Run the Dagster servers of all targets, one after the other."""
    try:
        dagster = fleet.get(request.param)
    except (CannotBuildError, NoPostgresError) as error:
        pytest.fail(str(error), pytrace=False)
    yield dagster
    dagster.stop()


@pytest.fixture(scope="package")
def client(dagster: Dagster) -> Iterator[dnb.DagsterClient]:
    with dnb.connect(dagster.url, progress=False) as client:
        yield client


@pytest.fixture(scope="package")
def stage(dagster: Dagster) -> dict[str, str]:
    """Return the ids of the runs that were launched when the server started."""
    if isinstance(dagster.stage, Exception):
        raise dagster.stage
    return dagster.stage


@pytest.fixture(scope="package")
def backfill_of_job(client: dnb.DagsterClient) -> dnb.Backfill:
    """Launch a backfill of a job early, because a daemon looks for new backfills only every 30 seconds."""
    return client.backfill("regional", ["north", "south"], tags={"why": "late"})


@pytest.fixture
def stored(dagster: Dagster) -> Callable[[], list[read_database.Row]]:
    """Return a function that reads all runs from the server's database, newest first."""
    return lambda: read_database.rows(dagster.database)


@pytest.fixture
def note(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Return a function that adds a footnote to the table about a limitation of this version."""
    request.node.compat_notes = []

    def note(text: str, *, lacks: bool = False) -> None:
        request.node.compat_notes.append((text, lacks))

    return note


@pytest.fixture
def note_missing_columns(client: dnb.DagsterClient, note: Callable[..., None]) -> Callable[..., None]:
    """Return a function that adds a footnote about the columns that this version does not provide."""

    def note_missing_columns(frame: pd.DataFrame, document: str, subject: str, fields: dict[str, str | None]) -> None:
        """Check that the columns of missing fields are NA.

        ``fields`` maps each optional field of the document to its column, or to None if no column depends on that field
        alone.
        """
        removed = prune(documents.load_marked(document), client.graphql_schema()).removed
        columns = sorted({column for field in removed if (column := fields[field]) is not None})
        for column in columns:
            assert frame[column].isna().all()
        if columns:
            *first, last = [f"`{column}`" for column in columns]
            names = f"{', '.join(first)} and {last}" if first else last
            note(f"{names} of {subject} {'are' if first else 'is'} NA")

    return note_missing_columns
