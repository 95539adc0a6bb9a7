"""``connect(redact=…)`` hides values in everything that is read, and never sends hidden values back."""

from __future__ import annotations

import json

import pytest

import dagster_nb as dnb
from dagster_nb import analysis
from dagster_nb.export_runs import write_runs
from dagster_nb.graphql import documents
from dagster_nb.graphql.redact_config_and_tags import REDACTED, Redaction
from tests.unit.fake import make_run

SECRET = "hushhush"
CONFIG = {
    "resources": {"db": {"config": {"password": SECRET, "host": "db"}}},
    "ops": {"load": {"config": {"apiTokens": [SECRET, {"x": SECRET}], "rows": 3, "sources": [{"Token": SECRET}]}}},
}
TAGS = [{"key": "team", "value": "data"}, {"key": "slack_token", "value": SECRET}]


@pytest.fixture
def client(fake):
    fake.runs = [make_run(1, status="FAILURE", runConfig=CONFIG, tags=TAGS)]
    answer = {"__typename": "LaunchRunSuccess", "run": fake.runs[0]}
    fake.answers.update(launchRun=answer, launchRunReexecution=answer)
    with fake.connect(redact="password|token") as client:
        fake.requests.clear()
        yield client


def test_values_are_hidden_in_frames_and_runs(fake, client, tmp_path):
    frames = [client.runs(include="run_config"), *client.iter_runs(include="run_config")]
    runs = [
        client.run(fake.ids[0]),
        client.run(fake.ids[0]).refresh(),
        client.launch("a", location="etl", repository="repo"),
        client.reexecute(fake.ids[0]),
    ]
    shown = [str(frame.to_dict()) for frame in frames]
    shown += [dnb.style(frame)._repr_html_() for frame in frames]
    shown += [text for run in runs for text in (repr(run), run._repr_html_(), str(run.run_config), str(run.tags))]
    assert SECRET not in "".join(shown)
    assert runs[0].tags == {"team": "data", "slack_token": REDACTED}
    assert runs[0].run_config == {
        "resources": {"db": {"config": {"password": REDACTED, "host": "db"}}},
        "ops": {"load": {"config": {"apiTokens": REDACTED, "rows": 3, "sources": [{"Token": REDACTED}]}}},
    }


@pytest.mark.parametrize("document", documents.names())
def test_values_are_hidden_in_every_response_that_users_see(document):
    data = {"found": {"results": [{"id": "1", "tags": TAGS, "runConfig": CONFIG}]}}
    shown = str(Redaction("password|token").of_response(document, data))
    assert (SECRET in shown) == (document in {"asset_partition_config", "job_partition_config", "run_to_reexecute"})


def test_values_are_hidden_in_backfills(fake):
    record = {"id": "b1", "status": "REQUESTED", "jobName": "a", "timestamp": 1.0, "tags": TAGS}

    def answer(_info, limit, cursor=None):
        return {"__typename": "PartitionBackfills", "results": [] if cursor else [record]}

    fake.answers["partitionBackfillsOrError"] = answer
    with fake.connect(redact="token") as client:
        assert client.backfills()["tags"].tolist() == [{"team": "data", "slack_token": REDACTED}]


def test_exported_files_contain_no_hidden_values(client, tmp_path):
    from dagster_nb.export_runs import write_runs

    for name in ("runs.csv", "runs.jsonl", "runs.parquet"):
        write_runs(client, str(tmp_path / name), include=["run_config"])
        assert SECRET.encode() not in (tmp_path / name).read_bytes()


def test_hidden_values_are_not_sent_back(fake, client):
    run = client.run(fake.ids[0])
    for config in (run.run_config, json.dumps(run.run_config)):
        with pytest.raises(dnb.RunConfigInvalidError, match="stands for a hidden value"):
            client.launch("a", run_config=config)
        with pytest.raises(dnb.RunConfigInvalidError, match="stands for a hidden value"):
            client.reexecute(run, run_config=config)
    with pytest.raises(ValueError, match="stands for a hidden value"):
        client.launch("a", tags=run.tags)
    assert set(fake.operations) == {"Run"}


def test_a_reexecution_keeps_the_real_values(fake, client):
    client.reexecute(fake.ids[0], run_config={})
    tags = {tag["key"]: tag["value"] for tag in fake.requests[-1][1]["executionParams"]["executionMetadata"]["tags"]}
    assert tags["slack_token"] == SECRET


def test_no_values_are_hidden_without_redact(fake, client):
    with fake.connect() as other:
        assert other.run(fake.ids[0]).run_config == CONFIG


@pytest.mark.parametrize(("wrong", "error"), [("", ValueError), ("(", ValueError), (5, TypeError)])
def test_an_invalid_pattern_raises_an_error(fake, wrong, error):
    with pytest.raises(error, match="redact must"):
        fake.connect(redact=wrong)


def test_run_configs_are_requested_only_if_the_user_asks_for_them(fake, tmp_path):
    fake.runs = [make_run(number, runConfig={"db": "hush"}, jobName=f"job{number % 2}") for number in range(4)]
    responses = []
    respond = fake.respond

    async def record(body):
        responses.append(json.dumps(await respond(body)))
        return json.loads(responses[-1])

    fake.respond = record
    with fake.connect() as client:
        client.runs()
        list(client.iter_runs(page_size=2))
        client.runs(job=["job0", "job1"])
        client.count_runs()
        write_runs(client, str(tmp_path / "runs.csv"))
        explorer = dnb.RunExplorer(client).wait(60)
        explorer.refresh()
        explorer.wait(60)
        explorer.close()
        analysis.digest(client, since="24h")
        assert fake.operations.count("Runs") >= 6
        assert "hush" not in "".join(responses)
        client.runs(include="run_config")
        assert "hush" in responses[-1]


def test_a_history_and_panels_contain_no_hidden_values(fake, client, tmp_path):
    history = client.history(tmp_path)
    history.refresh()
    runs = history.runs(include="run_config")
    assert len(runs) == 1
    panels = [dnb.RunExplorer(client).wait(), dnb.RunMonitor(client.run(fake.ids[0])).wait()]
    shown = [str(runs.to_dict()), str(panels[0].frame.to_dict()), *(panel._static_html() for panel in panels)]
    for panel in panels:
        panel.close()
    assert "data" in shown[0]
    assert SECRET not in "".join(shown)
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()]
