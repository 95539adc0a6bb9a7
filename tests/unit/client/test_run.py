"""Run objects are comparable, hashable, picklable and copyable."""

from __future__ import annotations

import asyncio
import copy
import pickle

import pytest

import dagster_nb as dnb
from tests.unit.fake import make_run


@pytest.fixture
def client(fake):
    fake.runs = [make_run(2, tags=[{"key": "team", "value": "data"}]), make_run(1)]
    with fake.connect(token="secret") as client:
        yield client


def test_runs_are_equal_if_their_ids_are_equal(fake, client):
    first, again, other = (client.run(fake.ids[place]) for place in (0, 0, 1))
    fake.runs[0]["status"] = "FAILURE"
    assert first == again.refresh()
    assert first != other
    assert first != first.run_id
    assert {first, again, other} == {first, other}

    async def read():
        async with fake.async_client() as asynchronous:
            return await asynchronous.run(fake.ids[0])

    assert asyncio.run(read()) == first


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
def test_a_copy_is_independent_and_has_the_same_client(fake, client, copied):
    run = client.run(fake.ids[0])
    other = copied(run)
    assert other is not run
    assert other.client is client
    fake.runs[0]["status"] = "FAILURE"
    assert (other.refresh().status, run.status) == ("FAILURE", "SUCCESS")


def test_a_run_is_pickled_without_its_client(fake, client):
    run = client.run(fake.ids[0])
    stored = pickle.dumps(run)
    assert b"secret" not in stored
    loaded = pickle.loads(stored)  # noqa: S301
    assert loaded == run
    assert (loaded.status, loaded.tags, loaded.duration, loaded.url) == (run.status, run.tags, run.duration, run.url)
    assert repr(loaded) == repr(run)
    assert loaded._repr_html_() == run._repr_html_()
    for use in (lambda: loaded.client, loaded.refresh, loaded.terminate, lambda: next(loaded.follow())):
        with pytest.raises(dnb.DagsterNbError, match=r"unpickled.*Read it again: client\.run\("):
            use()


def test_terminating_a_run_returns_its_outcome(fake, client):
    assert client.run(fake.ids[0]).terminate() == "already_finished"
