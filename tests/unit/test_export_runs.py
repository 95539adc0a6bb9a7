from __future__ import annotations

import csv
import json

import pandas as pd
import pytest

import dagster_nb as dnb
from dagster_nb.cli import main
from tests.unit.fake import make_run

HOSTILE = 'a,"b"\n<img src=x> 名前'


@pytest.fixture
def runs(fake):
    fake.runs = [make_run(number, jobName=HOSTILE) for number in reversed(range(1200))]
    fake.runs[0].update(status="QUEUED", startTime=None, endTime=None)
    fake.runs[1]["tags"] = [{"key": "team", "value": HOSTILE}]
    return fake


def run(*arguments):
    with pytest.raises(SystemExit) as ended:
        main([*arguments])
        raise SystemExit(0)
    return ended.value.code


@pytest.mark.parametrize("kind", ["parquet", "csv", "jsonl"])
def test_an_export_contains_all_runs_in_order(runs, tmp_path, kind, capsys):
    path = tmp_path / f"runs.{kind}"
    assert run("export", "--url", runs.url, str(path)) == 0
    assert capsys.readouterr().out == f"Wrote 1,200 runs to {path}\n"
    if kind == "parquet":
        back = pd.read_parquet(path)
        assert str(back["creation_time"].dtype) == "datetime64[us, UTC]"
        assert back["duration"].iloc[1] == pd.Timedelta(seconds=10.25)
    elif kind == "csv":
        back = pd.read_csv(path)
    else:
        back = pd.read_json(path, lines=True)
    assert back["run_id"].tolist() == runs.ids
    assert set(back["job_name"]) == {HOSTILE}
    assert back["status"].tolist()[:2] == ["QUEUED", "SUCCESS"]
    assert pd.isna(back["duration"].iloc[0])
    assert json.loads(back["tags"].iloc[1]) == {"team": HOSTILE}
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_strings_in_csv_files_are_not_treated_as_formulas(fake, tmp_path, start):
    formula = f"{start}HYPERLINK(A1)"
    fake.runs = [make_run(0, jobName=formula), make_run(1, jobName="a=b")]
    path = tmp_path / "runs.csv"
    assert run("export", "--url", fake.url, str(path)) == 0
    with path.open(newline="") as file:
        assert [row["job_name"] for row in csv.DictReader(file)] == [f"'{formula}", "a=b"]
    assert run("export", "--url", fake.url, str(path.with_suffix(".jsonl"))) == 0
    assert json.loads(path.with_suffix(".jsonl").read_text().splitlines()[0])["job_name"] == formula


def test_the_command_accepts_filters_as_options(runs, tmp_path):
    runs.runs[5]["status"] = "FAILURE"
    runs.runs[6].update(status="CANCELED", tags=[{"key": "team", "value": "data"}])
    runs.runs[7].update(status="FAILURE", tags=[{"key": "team", "value": "data"}])
    path = tmp_path / "runs.csv"
    wanted = ["--status", "FAILURE", "--status", "CANCELED", "--tag", "team=data", "--created-after", "36500d"]
    assert run("export", "--url", runs.url, *wanted, str(path)) == 0
    assert pd.read_csv(path)["run_id"].tolist() == runs.ids[6:8]
    assert run("export", "--url", runs.url, "--limit", "0", str(path)) == 0
    assert pd.read_csv(path).empty


@pytest.mark.parametrize("kind", ["parquet", "csv", "jsonl"])
def test_an_export_without_runs_writes_an_empty_file(fake, tmp_path, kind):
    path = tmp_path / f"runs.{kind}"
    assert run("export", "--url", fake.url, str(path)) == 0
    assert path.exists()


def test_an_error_leaves_the_old_file_unchanged(runs, tmp_path, capsys):
    path = tmp_path / "runs.csv"
    path.write_text("old")
    first_page = runs.answer_runs

    def fail_at_the_second_page(info, cursor=None, **arguments):
        if cursor is not None:
            raise ValueError("the disk is full")
        return first_page(info, **arguments)

    runs.answers["runsOrError"] = fail_at_the_second_page
    assert run("export", "--url", runs.url, str(path)) == 1
    assert "the disk is full" in capsys.readouterr().err
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_an_error_is_printed_in_one_readable_line(fake, tmp_path, capsys):
    assert run("export", "--url", "http://127.0.0.1:9", str(tmp_path / "x.csv")) == 1
    assert capsys.readouterr().err.startswith("dagster-nb: nothing is listening")
    assert run("export", "--url", fake.url, str(tmp_path / "x.xls")) == 1
    assert "got 'x.xls'" in capsys.readouterr().err
    assert run("export", "--url", fake.url, "--status", "NOPE", str(tmp_path / "x.csv")) == 1
    assert "not a run status" in capsys.readouterr().err
    assert run("export", "--url", fake.url, "--created-after", "", str(tmp_path / "x.csv")) == 1
    assert "is not a point in time" in capsys.readouterr().err
    assert run("export", "--url", fake.url, "--tag", "nonsense", str(tmp_path / "x.csv")) == 2
    assert list(tmp_path.iterdir()) == []


def test_the_error_for_a_missing_parquet_extra_contains_the_pip_command(runs, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with dnb.connect(runs.url) as client, pytest.raises(dnb.MissingExtraError, match=r"dagster_nb\[history\]"):
        from dagster_nb.export_runs import write_runs

        write_runs(client, tmp_path / "runs.parquet")
