"""The client reads all runs in order through a faulty proxy in front of a real Dagster."""

from __future__ import annotations

import pandas as pd
import pytest

import dagster_nb as dnb
from dagster_nb.sandbox.history.write import write_history
from dagster_nb.sandbox.local_dagster import LocalDagster
from tests.faults.faults import OneIn, cut, hold_back, refuse_pages_above
from tests.faults.proxy import Proxy

RUNS = 2_000
# Even on a slow machine, reading a page takes less than half of this time.
TIMEOUT_SECONDS = 2.0


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    write_history(home, runs=RUNS, seed=4)
    with LocalDagster(home, daemon=False) as server:
        yield server


@pytest.fixture(scope="module")
def stored(server):
    """Return all runs of the Dagster instance, newest first."""
    from dagster import DagsterInstance

    with DagsterInstance.from_config(str(server.home)) as instance:
        return instance.get_runs()


@pytest.fixture(scope="module")
def expected(stored):
    return [run.run_id for run in stored]


@pytest.fixture
def proxy(server):
    with Proxy(server.url) as proxy:
        yield proxy


@pytest.fixture
def client(proxy):
    with dnb.connect(proxy.url, progress=False, timeout=TIMEOUT_SECONDS) as client:
        yield client


def ids_by_page(client, **options):
    return pd.concat(client.iter_runs(**options))["run_id"].tolist()


def count_refused(proxy):
    return sum(page.status == 502 for page in proxy.pages)


class TestLargePagesRefused:
    """The proxy responds to requests for more than 300 runs with status 502, like a gateway that times out."""

    @pytest.fixture(autouse=True)
    def _refuse(self, proxy, client):
        proxy.faults = [refuse_pages_above(300)]

    def test_runs_returns_all_runs(self, client, proxy, expected):
        assert client.runs()["run_id"].tolist() == expected
        assert count_refused(proxy) > 0

    def test_iter_runs_returns_all_runs(self, client, expected):
        assert ids_by_page(client) == expected

    def test_a_limit_larger_than_the_largest_accepted_page_works(self, client, expected):
        assert client.runs(limit=1_000)["run_id"].tolist() == expected[:1_000]

    def test_the_runs_of_several_jobs_are_complete(self, client, stored):
        jobs = {run.job_name for run in stored} - {"sync_crm"}
        wanted = [run.run_id for run in stored if run.job_name in jobs]
        assert 300 < len(wanted) < RUNS
        assert client.runs(job=jobs)["run_id"].tolist() == wanted

    def test_the_client_remembers_the_page_size_that_works(self, client, proxy):
        client.runs()
        first = count_refused(proxy)
        client.runs()
        # The client sometimes tries a larger page again, because the limit may have been temporary.
        assert count_refused(proxy) - first <= 1 < first


@pytest.mark.parametrize("seed", [1, 2])
class TestOneAnswerInTenCut:
    """The proxy cuts off one in ten responses in the middle of the body."""

    @pytest.fixture(autouse=True)
    def fault(self, proxy, client, seed):
        fault = OneIn(10, cut(), seed=seed, among=None)
        proxy.faults = [fault]
        return fault

    def test_all_runs_are_read_in_small_pages(self, client, expected, fault):
        assert client.runs(page_size=100)["run_id"].tolist() == expected
        assert fault.fired >= 2

    def test_runs_returns_all_runs(self, client, expected, fault):
        while not fault.fired:
            assert client.runs()["run_id"].tolist() == expected

    def test_iter_runs_returns_all_runs(self, client, expected, fault):
        assert ids_by_page(client, page_size=100) == expected
        assert fault.fired >= 2


@pytest.mark.parametrize("seed", [1, 2])
class TestOnePageInTenHeldBack:
    """The proxy delays one in ten pages beyond the client's timeout."""

    @pytest.fixture(autouse=True)
    def fault(self, proxy, client, seed):
        fault = OneIn(10, hold_back(10 * TIMEOUT_SECONDS), seed=seed)
        proxy.faults = [fault]
        return fault

    def test_all_runs_are_read_in_small_pages(self, client, expected, fault):
        assert client.runs(page_size=100)["run_id"].tolist() == expected
        assert fault.fired >= 2

    def test_runs_returns_all_runs(self, client, expected, fault):
        while not fault.fired:
            assert client.runs()["run_id"].tolist() == expected

    def test_iter_runs_returns_all_runs(self, client, expected, fault):
        assert ids_by_page(client, page_size=100) == expected
        assert fault.fired >= 2
