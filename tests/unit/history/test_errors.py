"""Each problem on disk raises a clear error, and stored data stays intact."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager

import pytest

import dagster_nb as dnb
from dagster_nb.history.opening import history_of
from dagster_nb.history.table import FORMAT
from tests.unit.fake import make_run
from tests.unit.history.frame_source import FrameSource

NOBODY = 65534


@pytest.fixture
def source():
    return FrameSource([make_run(number) for number in reversed(range(50))])


@pytest.fixture
def history(source, tmp_path):
    history = history_of(source, tmp_path / "history", None)
    history.refresh()
    return history


@contextmanager
def as_an_ordinary_user():
    """Drop root permissions, because root could write anywhere."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_folder_without_write_permission_raises_an_error(source, history, tmp_path):
    source.records.insert(0, make_run(50))
    folders = [tmp_path / "history" / "runs", tmp_path / "history" / "runs" / "_delta_log"]
    for folder in folders:
        folder.chmod(0o555)
    try:
        with as_an_ordinary_user(), pytest.raises(dnb.HistoryError) as caught:
            history.refresh()
    finally:
        for folder in folders:
            folder.chmod(0o755)
    assert "Check the permissions of the folder" in str(caught.value)
    assert history.count_runs() == 50
    history.refresh()
    assert history.count_runs() == 51


FULL_DISK = """
import resource, sys
from dagster_nb.errors import HistoryError
from dagster_nb.history.opening import history_of
from tests.unit.fake import make_run
from tests.unit.history.frame_source import FrameSource

source = FrameSource([make_run(number) for number in reversed(range(5_000))])
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
try:
    history_of(source, sys.argv[1], None).refresh()
except HistoryError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit for file sizes")
def test_a_partially_written_file_raises_an_error(history, tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(tmp_path / "history")], capture_output=True, text=True, check=False
    )
    assert done.stdout.startswith("cannot write the history"), done.stderr
    assert "The existing data is unchanged." in done.stdout
    assert history.count_runs() == 50
    assert history.refresh().added == 0


def test_the_error_for_a_full_disk_says_what_to_do(source, history, monkeypatch):
    def fail(*_args, **_options):
        raise OSError("Generic LocalFileSystem error: No space left on device (os error 28)")

    monkeypatch.setattr("dagster_nb.history.table.write_deltalake", fail)
    with pytest.raises(dnb.HistoryError, match=r"The disk is full. Free some space, then refresh again"):
        history.refresh()


def test_a_table_from_a_newer_version_raises_an_error(history, tmp_path, monkeypatch):
    monkeypatch.setattr("dagster_nb.history.table.FORMAT", FORMAT - 1)
    with pytest.raises(dnb.HistoryError, match="newer version of dagster_nb.*Update dagster_nb. Nothing was changed"):
        dnb.open_history(tmp_path / "history")


def test_a_table_with_other_data_raises_an_error(source, tmp_path):
    import pyarrow as pa
    from deltalake import write_deltalake

    write_deltalake(tmp_path / "runs", pa.table({"a": [1]}))
    with pytest.raises(dnb.HistoryError, match="not a dagster_nb history"):
        history_of(source, tmp_path, None)


def last_commit(folder):
    return max((folder / "runs" / "_delta_log").glob("*.json"))


def test_a_truncated_log_raises_an_error(source, history, tmp_path):
    source.records.insert(0, make_run(50))
    history.refresh()
    files = sorted((tmp_path / "history" / "runs").glob("*.parquet"))
    log = last_commit(tmp_path / "history")
    log.write_bytes(log.read_bytes()[:100])
    with pytest.raises(dnb.HistoryError, match=r"(?s)cannot read the history.*move the folder away"):
        dnb.open_history(tmp_path / "history")
    assert sorted((tmp_path / "history" / "runs").glob("*.parquet")) == files


def test_runs_are_read_again_if_their_commits_are_empty_files(source, history, tmp_path):
    source.records.insert(0, make_run(50))
    for _ in range(2):
        history.refresh()
        last_commit(tmp_path / "history").write_bytes(b"")
    again = history_of(source, tmp_path / "history", None)
    again.refresh()
    assert again.runs()["run_id"].tolist() == [run["runId"] for run in source.records]


def test_a_damaged_data_file_raises_an_error(history, tmp_path):
    file = next((tmp_path / "history" / "runs").glob("*.parquet"))
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(dnb.HistoryError, match=r"(?s)cannot read the history.*Check the path"):
        dnb.open_history(tmp_path / "history").runs()
