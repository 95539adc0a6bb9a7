"""Launch, follow, re-execute, stop and delete real runs."""

from __future__ import annotations

import uuid

import pandas as pd
import pytest
import yaml

import dagster_nb as dnb
from dagster_nb.client.permissions import ACTIONS
from tests.server.conftest import wait_until

UNKNOWN_ID = "00000000-0000-4000-8000-000000000000"


@pytest.fixture(scope="module")
def stage(client):
    """Launch the runs for all tests below together, because each run takes seconds to start."""
    jobs = ["quick", "fragile", "hang", "hang", "hang", "hang"]
    launched = client.launch_many({"job": job} for job in jobs)
    assert launched["outcome"].eq("launched").all()
    runs = [client.run(run_id) for run_id in launched["run_id"]]
    yield runs
    client.terminate(runs, force=True)


@pytest.fixture(scope="module")
def finished(stage):
    return stage[0].wait(timeout=240)


@pytest.fixture(scope="module")
def failed(stage):
    return stage[1].wait(timeout=240)


def started(run):
    wait_until(lambda: run.refresh().status == "STARTED", seconds=240)
    return run


@pytest.fixture
def started_run(stage):
    """Return a run in progress that no test stops."""
    return started(stage[2])


class TestLaunch:
    def test_a_job_is_launched_and_followed_to_its_end(self, client):
        run = client.launch("quick", run_config={"ops": {"load": {"config": {"rows": 7}}}}, tags={"why": "a test"})
        assert isinstance(run, dnb.Run)
        assert run.status in {"QUEUED", "STARTING", "STARTED"}
        assert run.wait(timeout=240) is run
        assert run.status == "SUCCESS"
        assert run.is_finished
        assert run.run_config == {"ops": {"load": {"config": {"rows": 7}}}}
        assert run.tags["why"] == "a test"
        assert run.tags["team"] == "data"
        assert run.start_time <= run.end_time
        assert run.duration == run.end_time - run.start_time
        assert run.url == f"{client.url}/runs/{run.run_id}"
        assert client.run(run.run_id).status == "SUCCESS"

    @pytest.mark.parametrize(
        "config", ["ops: {load: {config: {rows: 4}}}", '{"ops": {"load": {"config": {"rows": 4}}}}']
    )
    def test_a_run_config_can_be_yaml_or_json_text(self, client, config):
        run = client.launch("quick", run_config=config)
        assert run.run_config == {"ops": {"load": {"config": {"rows": 4}}}}
        client.terminate(run, force=True)

    def test_an_invalid_config_is_rejected_with_all_its_problems(self, client):
        before = client.count_runs()
        with pytest.raises(dnb.RunConfigInvalidError, match="Nothing was launched") as caught:
            client.launch("strict", run_config={"ops": {"needs": {"config": {"limits": [1, "x"], "typo": 1}}}})
        problems = {problem.reason: problem for problem in caught.value.errors}
        assert problems["RUNTIME_TYPE_MISMATCH"].path == "ops.needs.config.limits[1]"
        assert problems["MISSING_REQUIRED_FIELD"].path == "ops.needs.config"
        assert "table" in problems["MISSING_REQUIRED_FIELD"].message
        assert "typo" in problems["FIELD_NOT_DEFINED"].message
        assert client.count_runs() == before

    def test_an_unknown_job_is_rejected_with_similar_names(self, client):
        with pytest.raises(dnb.JobNotFoundError, match="quick") as caught:
            client.launch("quikc")
        assert isinstance(caught.value, LookupError)

    def test_only_the_selected_ops_run(self, client):
        run = client.launch("quick", op_selection="load").wait(timeout=240)
        assert run.steps()["step_key"].tolist() == ["load"]
        with pytest.raises(dnb.RunConfigInvalidError, match="job 'quick' has no op 'laod'.*Did you mean 'load'"):
            client.launch("quick", op_selection=["laod"])

    def test_only_the_selected_assets_are_materialized(self, client):
        run = client.launch("nightly_assets", asset_selection="mart/revenue").wait(timeout=240)
        assert run.status == "SUCCESS"
        read = client.runs(run_ids=run.run_id, include="asset_selection")
        assert read["asset_selection"].tolist() == [["mart/revenue"]]

    def test_a_launchpad_copies_the_config_of_a_run_or_a_partition(self, client):
        configs = [{"ops": {"load": {"config": {"rows": rows}}}} for rows in (8, 9)]
        older, newer = (client.launch("quick", run_config=config) for config in configs)
        client.terminate([older, newer], force=True)
        pad = dnb.Launchpad(client, "quick").wait()
        model = pad.model
        default = yaml.safe_load(model.config)
        for run_id, config in (("", configs[1]), (older.run_id[:8], configs[0]), (newer.run_id, configs[1])):
            model.use_config_of_run(run_id)
            pad.wait()
            assert yaml.safe_load(model.config) == config
            assert model.problems == []
        model.reset()
        pad.wait()
        assert yaml.safe_load(model.config) == default
        pad.close()
        pad = dnb.Launchpad(client, "regional").wait()
        pad.model.choose_partition("south")
        pad.wait()
        assert yaml.safe_load(pad.model.config) == {"ops": {"load": {"config": {"rows": len("south")}}}}
        # A run of another job cannot be used as a template.
        pad.model.use_config_of_run(older.run_id)
        pad.wait()
        assert "is not a run of the job 'regional'" in str(pad.model.error)
        pad.close()

    def test_a_run_of_a_partition_has_the_config_and_tags_of_the_partition(self, client):
        run = client.launch("regional", partition_key="south", tags={"extra": "yes"})
        assert run.run_config == {"ops": {"load": {"config": {"rows": 5}}}}
        assert run.tags["dagster/partition"] == "south"
        assert run.tags["extra"] == "yes"
        assert run.wait(timeout=240).status == "SUCCESS"
        with pytest.raises(ValueError, match="no partition 'west'.*'north' to 'south'"):
            client.launch("regional", partition_key="west")
        with pytest.raises(ValueError, match="has no partitions"):
            client.launch("quick", partition_key="north")

    def test_a_failed_launch_does_not_stop_the_others(self, client):
        outcomes = client.launch_many(
            [
                {"job": "quick", "tags": {"n": "0"}},
                {"job": "strict"},
                {"job": "no such job"},
                {"job": "regional", "partition_key": "nowhere"},
                {"job": "quick", "tags": {"n": "4"}},
            ]
        )
        assert outcomes["job_name"].tolist() == ["quick", "strict", "no such job", "regional", "quick"]
        assert outcomes["outcome"].tolist() == ["launched", "invalid", "not_found", "invalid", "launched"]
        assert outcomes["run_id"].isna().tolist() == [False, True, True, True, False]
        assert client.run(outcomes["run_id"][4]).tags["n"] == "4"
        assert client.run(outcomes["run_id"][0]).tags["n"] == "0"

    @pytest.mark.parametrize("wrong", [{"jobs": "quick"}, {}, {"job": ""}, {"job": "quick", "config": {}}])
    def test_an_invalid_list_launches_nothing(self, client, wrong):
        before = client.count_runs()
        with pytest.raises(ValueError, match="a launch"):
            client.launch_many([{"job": "quick"}, wrong])
        assert client.count_runs() == before


class TestReexecute:
    def test_reexecuting_from_failure_executes_the_failed_steps(self, client, failed):
        again = client.reexecute(failed, tags={"why": "again"}).wait(timeout=240)
        assert again.status == "FAILURE"
        assert again.tags["why"] == "again"
        assert again.steps()["step_key"].tolist() == ["maybe"]
        row = client.runs(run_ids=again.run_id).iloc[0]
        assert (row["parent_run_id"], row["root_run_id"]) == (failed.run_id, failed.run_id)

    def test_reexecuting_from_failure_accepts_a_new_config(self, client, failed):
        config = {"ops": {"maybe": {"config": {"fail": False}}}}
        again = client.reexecute(failed.run_id, run_config=config, tags={"why": "mended"}).wait(timeout=240)
        assert again.status == "SUCCESS"
        assert again.run_config == config
        assert again.steps()["step_key"].tolist() == ["maybe"]
        assert again.tags["why"] == "mended"
        row = client.runs(run_ids=again.run_id).iloc[0]
        assert (row["parent_run_id"], row["root_run_id"]) == (failed.run_id, failed.run_id)

    def test_reexecuting_all_steps_runs_every_step_again(self, client, finished):
        again = finished.reexecute(strategy="all_steps").wait(timeout=240)
        assert again.status == "SUCCESS"
        assert sorted(again.steps()["step_key"]) == ["load", "store"]
        assert again.tags["team"] == "data"

    def test_readable_errors_replace_the_errors_of_dagster(self, client, finished, failed):
        before = client.count_runs()
        with pytest.raises(dnb.RunNotFoundError, match=UNKNOWN_ID):
            client.reexecute(UNKNOWN_ID)
        for strategy in ("from_failure", "from_asset_failure"):
            with pytest.raises(dnb.RunStateError, match="did not fail.*all_steps"):
                client.reexecute(finished, strategy=strategy)
        with pytest.raises(dnb.RunStateError, match="nothing to re-execute with strategy='from_asset_failure'"):
            client.reexecute(failed, strategy="from_asset_failure")
        with pytest.raises(ValueError, match="strategy must be"):
            client.reexecute(failed, strategy="FROM_FAILURE")
        assert client.count_runs() == before

    def test_reexecuting_a_run_that_was_stored_without_its_job_raises_a_clear_error(self, client, server):
        from dagster import DagsterInstance, DagsterRun, DagsterRunStatus

        run_id = str(uuid.uuid4())
        with DagsterInstance.from_config(str(server.home)) as instance:
            instance.add_run(DagsterRun("quick", run_id, status=DagsterRunStatus.FAILURE))
        with pytest.raises(dnb.RunStateError, match="Launch job 'quick' instead"):
            client.reexecute(run_id)
        client.delete(run_id)

    def test_reexecuting_many_runs_returns_an_outcome_for_each(self, client, finished, failed):
        outcomes = client.reexecute_many([failed.run_id, finished, UNKNOWN_ID, failed], tags={"batch": "1"})
        assert outcomes["parent_run_id"].tolist() == [failed.run_id, finished.run_id, UNKNOWN_ID]
        assert outcomes["outcome"].tolist() == ["launched", "invalid", "not_found"]
        assert client.run(outcomes["run_id"][0]).tags["batch"] == "1"


class TestTerminate:
    def test_terminating_a_run_in_progress_stops_it(self, client, stage):
        run = started(stage[3])
        outcomes = client.terminate(run)
        assert outcomes["run_id"].tolist() == [run.run_id]
        assert outcomes["outcome"].isin(["canceling", "canceled"]).all()
        assert run.wait(timeout=240).status == "CANCELED"
        assert client.terminate(run)["outcome"].tolist() == ["already_finished"]

    def test_a_row_of_a_frame_identifies_its_run_and_not_the_parent_run(self, client, started_run):
        child = started_run.reexecute(strategy="all_steps")
        row = client.runs(run_ids=child.run_id).iloc[0]
        assert row["parent_run_id"] == started_run.run_id
        started(child)
        outcomes = client.terminate(row)
        assert outcomes["run_id"].tolist() == [child.run_id]
        assert outcomes["outcome"].isin(["canceling", "canceled"]).all()
        assert child.wait(timeout=240).status == "CANCELED"
        assert started_run.refresh().status == "STARTED"

    def test_force_marks_a_run_as_canceled_at_once(self, stage):
        run = started(stage[4])
        assert run.terminate(force=True) == "canceled"
        assert run.refresh().status == "CANCELED"

    def test_many_outcomes_are_in_the_order_of_the_runs(self, client, stage, finished):
        run = started(stage[5])
        outcomes = client.terminate([finished.run_id, run, UNKNOWN_ID, finished.run_id])
        assert outcomes["run_id"].tolist() == [finished.run_id, run.run_id, UNKNOWN_ID]
        assert outcomes["outcome"][0] == "already_finished"
        assert outcomes["outcome"][1] in {"canceling", "canceled"}
        assert outcomes["outcome"][2] == "not_found"


class TestDelete:
    def test_only_finished_runs_are_deleted(self, client, started_run):
        done = client.launch("quick")
        client.terminate(done, force=True)
        outcomes = client.delete([done.run_id, started_run.run_id, UNKNOWN_ID])
        assert outcomes["outcome"].tolist() == ["deleted", "not_finished", "not_found"]
        with pytest.raises(dnb.RunNotFoundError, match=done.run_id):
            client.run(done.run_id)
        with pytest.raises(dnb.RunNotFoundError):
            done.refresh()
        assert started_run.refresh().status == "STARTED"

    def test_force_deletes_a_run_that_has_not_finished(self, client):
        run = client.launch("hang")
        assert client.delete(run)["outcome"].tolist() == ["not_finished"]
        assert client.delete(run, force=True)["outcome"].tolist() == ["deleted"]


class TestWait:
    def test_a_run_continues_after_waiting_for_it_has_timed_out(self, started_run):
        with pytest.raises(dnb.WaitTimeoutError, match="still STARTED.*continues") as caught:
            started_run.wait(timeout=0.2)
        assert isinstance(caught.value, TimeoutError)
        assert started_run.refresh().status == "STARTED"


def test_the_repr_of_a_run_contains_its_id_and_job_and_status(client, finished):
    assert repr(finished).startswith(f"<Run {finished.run_id} of quick: SUCCESS in ")
    html = finished._repr_html_()
    assert finished.run_id in html
    assert f'href="{finished.url}"' in html


def test_no_actions_are_sent_to_a_read_only_server(server, finished, started_run):
    from dagster_nb.sandbox.local_dagster import LocalDagster
    from tests.server.conftest import DEFINITIONS

    with (
        LocalDagster(
            home=server.home, python_file=DEFINITIONS, location="tests", daemon=False, extra_args=["--read-only"],
            path_prefix="/some/prefix",
        ) as restricted,
        dnb.connect(f"{restricted.url}/runs", progress=False) as client,
    ):  # fmt: skip
        assert client.url.endswith("/some/prefix")
        assert client.forbidden_actions == dict.fromkeys(ACTIONS, "Disabled by your administrator")
        for act in (
            lambda: client.launch("quick"),
            lambda: client.launch_many([{"job": "quick"}]),
            lambda: client.delete(client.runs(run_ids=finished.run_id)),
            lambda: client.terminate(started_run.run_id),
            lambda: client.reexecute(finished.run_id, strategy="all_steps"),
        ):
            with pytest.raises(dnb.UnauthorizedError, match="Disabled by your administrator. Nothing was sent"):
                act()
        explorer, monitor = dnb.RunExplorer(client), dnb.RunMonitor(client.run(started_run.run_id))
        explorer.wait()
        explorer.model.select([started_run.run_id])
        assert "Disabled by your administrator" in str(explorer._actions.reason_disabled("delete"))
        wait_until(lambda: "Disabled by your administrator" in monitor._terminate.tooltip)
        explorer.close()
        monitor.close()
        # Without cached permissions, the client learns that an action is denied only from the server's response.
        client._asynchronous._denied.clear()
        client._asynchronous._read_permissions = None
        assert client.launch_many([{"job": "quick"}])["outcome"].tolist() == ["unauthorized"]
        assert client.delete(client.runs(run_ids=finished.run_id))["outcome"].tolist() == ["unauthorized"]
        assert client.terminate(pd.Series([started_run.run_id, UNKNOWN_ID]))["outcome"].tolist() == [
            "unauthorized",
            "not_found",
        ]
        with pytest.raises(dnb.UnauthorizedError, match="denied"):
            client.launch("quick")
