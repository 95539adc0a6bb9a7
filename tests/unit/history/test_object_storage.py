"""A history can be stored in S3, which moto simulates here."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import boto3
import pandas as pd
import pytest
from moto.server import ThreadedMotoServer

import dagster_nb as dnb
from dagster_nb.frames.runs import runs_frame
from dagster_nb.history.opening import history_of
from tests.unit.fake import make_run
from tests.unit.history.frame_source import FrameSource

PATH = "s3://bucket/dagster"
INCLUDE = ("run_config", "asset_selection", "op_selection")


@pytest.fixture(scope="module")
def server():
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    yield "http://{}:{}".format(*server.get_host_and_port())
    server.stop()


@pytest.fixture
def storage_options(server):
    options = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1"}
    s3 = boto3.client(
        "s3", endpoint_url=server, region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
    )
    s3.create_bucket(Bucket="bucket")
    for one in s3.list_objects_v2(Bucket="bucket").get("Contents", ()):
        s3.delete_object(Bucket="bucket", Key=one["Key"])
    return {**options, "AWS_ENDPOINT_URL": server, "AWS_ALLOW_HTTP": "true"}


@pytest.fixture
def source():
    return FrameSource([make_run(number) for number in reversed(range(60))])


def test_a_history_in_object_storage_works_like_a_history_on_disk(source, storage_options):
    history = history_of(source, f"{PATH}/", storage_options)
    history.refresh()
    source.records.insert(0, make_run(60, tags=[{"key": "team", "value": "名前"}]))
    source.records[5] = {**source.records[5], "status": "FAILURE", "updateTime": 1_800_000_000.0}
    deleted = source.records.pop(7)["runId"]
    result = history.refresh(steps=True)
    assert (result.added, result.updated, result.deleted) == (1, 1, 1)
    history.compact()
    opened = dnb.open_history(PATH, storage_options=storage_options)
    assert opened.path == PATH
    expected = runs_frame(source.records, include=INCLUDE)
    pd.testing.assert_frame_equal(opened.runs(include=INCLUDE), expected)
    assert opened.runs(tags={"team": "名前"})["run_id"].tolist() == [expected["run_id"][0]]
    assert opened.runs(run_ids=deleted, deleted=True)["deleted_at"].notna().all()
    assert opened.steps(opened.runs()).empty


def test_two_refreshes_can_run_concurrently(source, storage_options):
    with ThreadPoolExecutor() as threads:
        histories = [history_of(source, PATH, storage_options) for _ in range(2)]
        for future in [threads.submit(history.refresh) for history in histories]:
            future.result()
    assert histories[0].runs()["run_id"].tolist() == [run["runId"] for run in source.records]


def test_a_missing_bucket_raises_an_error(source, storage_options):
    with pytest.raises(dnb.HistoryError, match="Check the path and the storage options"):
        history_of(source, "s3://nowhere/dagster", storage_options).refresh()
