"""Starting runs: ``launch``, ``launch_many``, ``reexecute`` and ``reexecute_many``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagster_nb.client.base import AsyncBase
from dagster_nb.client.bulk import each, outcome_of
from dagster_nb.client.config import parse_run_config
from dagster_nb.client.jobs import JobAddress, find_job, list_repositories
from dagster_nb.client.launch import Launch, tag_list, text_tags
from dagster_nb.client.partitions import partition_defaults
from dagster_nb.client.run import AsyncRun
from dagster_nb.client.which import one_run_id, run_ids_of
from dagster_nb.errors import DagsterNbError, RunConfigInvalidError, RunStateError, ServerError, UnsupportedServerError
from dagster_nb.frames.outcomes import outcomes_frame
from dagster_nb.frames.runs import tag_dict
from dagster_nb.graphql.responses import unwrap

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pandas as pd

    from dagster_nb.client.which import RunsLike

__all__ = ["Launching"]

_LAUNCH_COLUMNS = ["job_name", "run_id", "outcome", "message"]
_LAUNCH_ARGUMENTS = frozenset(
    {"job", "run_config", "tags", "op_selection", "asset_selection", "partition_key", "location", "repository"}
)
_STRATEGIES = {"from_failure": "FROM_FAILURE", "all_steps": "ALL_STEPS", "from_asset_failure": "FROM_ASSET_FAILURE"}
_FAILED = frozenset({"FAILURE", "CANCELED"})

_RESUME_TAG = "dagster/is_resume_retry"
# What Dagster writes on a run about that run alone; a re-execution does not take it over.
_OWN_TAGS = frozenset(
    {
        _RESUME_TAG,
        "dagster/retry_number",
        "dagster/will_retry",
        "dagster/auto_retry_run_id",
        "dagster/failure_reason",
        "dagster/run_metrics",
        "dagster/backfill",
        "dagster/parent_backfill",
        "dagster/root_backfill",
        "dagster/parent_run_id",
        "dagster/root_run_id",
    }
)


class Launching(AsyncBase):
    """The part of the client that starts runs."""

    async def launch(
        self,
        job: str,
        *,
        run_config: Mapping[str, Any] | str | None = None,
        tags: Mapping[str, str] | None = None,
        op_selection: str | Iterable[str] | None = None,
        asset_selection: str | Iterable[str] | None = None,
        partition_key: str | None = None,
        location: str | None = None,
        repository: str | None = None,
    ) -> AsyncRun:
        """Launch a job (``launchRun``), and return its run, which waits in the queue or begins at once.

        Parameters
        ----------
        job
            The job's name.
        run_config
            A dict, or YAML or JSON text.
        tags
            Tags for the run, besides the job's own.
        op_selection
            Ops to run, in Dagster's selection syntax, such as ``"*load"``; None runs all, an empty list is refused.
        asset_selection
            Keys ``"a/b"`` of the assets to materialize; None means all of the job's, an empty list is refused.
        partition_key
            The key of a partition of the job. The partition brings its own config and tags; ``run_config``
            replaces that config, ``tags`` are added.
        location, repository
            Where the job is; needed when several have one of that name.

        Raises
        ------
        JobNotFoundError
            If there is no such job; the message holds near matches.
        AmbiguousJobError
            If there are several.
        RunConfigInvalidError
            If the config or the selection does not fit the job; ``.errors`` says where.
        ValueError
            If the job has no such partition, or an argument cannot be meant.
        OutcomeUnknownError
            If the server's answer was lost.
        ReadOnlyError, UnauthorizedError

        Examples
        --------
        >>> client.launch("nightly", run_config={"ops": {"load": {"config": {"rows": 10}}}}).wait()  # doctest: +SKIP
        """
        self._check_writable()
        launch = Launch.of(
            job=job,
            run_config=run_config,
            tags=tags,
            op_selection=op_selection,
            asset_selection=asset_selection,
            partition_key=partition_key,
            location=location,
            repository=repository,
        )
        return await self._launch(launch)

    async def launch_many(self, launches: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
        """Launch many jobs, a few at a time; one that cannot be launched does not keep the others from it.

        Parameters
        ----------
        launches
            A dict each with the arguments of `launch`: ``{"job": "nightly", "run_config": {...}}``.

        Returns
        -------
        pandas.DataFrame
            A row a launch, in the order given: ``job_name``, ``run_id``, ``outcome``, ``message`` (string; NA where
            there is none). ``outcome`` is one of ``launched``, ``invalid``, ``not_found``, ``unauthorized``,
            ``failed``, or ``unknown`` where the answer was lost.

        Raises
        ------
        TypeError, ValueError
            If one of them is not what `launch` takes; nothing is launched then.
        ReadOnlyError

        Examples
        --------
        >>> client.launch_many([{"job": "nightly", "partition_key": day} for day in days])  # doctest: +SKIP
        """
        self._check_writable()
        wanted = [_checked(launch) for launch in launches]
        if not wanted:
            return outcomes_frame([], _LAUNCH_COLUMNS)
        repositories = await list_repositories(self._api, jobs=True)

        async def one(wish: Launch | tuple[str, Exception]) -> dict[str, str | None]:
            if isinstance(wish, tuple):
                job, error = wish
                return {"job_name": job, **outcome_of(error)}
            try:
                run = await self._launch(wish, repositories)
            except (DagsterNbError, ValueError) as error:
                return {"job_name": wish.job, **outcome_of(error)}
            return {"job_name": wish.job, "run_id": run.run_id, "outcome": "launched"}

        with self._watching("launching", unit="runs", total=len(wanted)) as bar:
            rows = await each(wanted, one, bar)
        return outcomes_frame(rows, _LAUNCH_COLUMNS)

    async def reexecute(
        self,
        run: RunsLike,
        *,
        strategy: str = "from_failure",
        run_config: Mapping[str, Any] | str | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> AsyncRun:
        """Run a run again (``launchRunReexecution``), and return the new run.

        Parameters
        ----------
        run
            The run: an id, a `Run`, or one row of a frame.
        strategy
            ``"from_failure"``: the steps that failed or never ran; ``"all_steps"``; or ``"from_asset_failure"``: the
            assets that were not materialized.
        run_config
            Another config than the run had; not with ``"from_asset_failure"``.
        tags
            Tags that add to the run's own.

        Raises
        ------
        RunNotFoundError
            If the server knows no such run.
        RunStateError
            If it cannot be run again in that way: it did not fail, or was stored without what its job was.
        JobNotFoundError
            If its job is no longer there.
        UnsupportedServerError
            If the server does not have the strategy: ``"from_asset_failure"`` needs Dagster 1.10.15.
        RunConfigInvalidError, OutcomeUnknownError, ReadOnlyError, UnauthorizedError

        Examples
        --------
        >>> client.reexecute(run, tags={"why": "the source was late"})  # doctest: +SKIP
        """
        self._check_writable()
        if strategy not in _STRATEGIES:
            raise ValueError(f"strategy takes {', '.join(map(repr, _STRATEGIES))}, not {strategy!r}.")
        if run_config is not None and strategy == "from_asset_failure":
            raise ValueError("a re-execution from_asset_failure takes the run's own config; leave run_config out.")
        config = None if run_config is None else parse_run_config(run_config)
        added = text_tags(tags)
        answer = await self._read("run_to_reexecute", {"runId": one_run_id(run)})
        parent = unwrap(answer["runOrError"], "Run")
        _check_reexecutable(parent, strategy)
        try:
            if config is None:
                sent = await self._reexecute_as_it_was(parent, strategy, added)
            else:
                sent = await self._write("reexecute_run", _in_full(parent, strategy, added, config))
            return self._run_of(unwrap(sent["launchRunReexecution"], "LaunchRunSuccess"))
        except ServerError as error:
            if error.class_name == "DagsterInvalidSubsetError":
                raise RunStateError(f"run {parent['runId']} left nothing to run again {strategy}.") from error
            raise

    async def reexecute_many(
        self, runs: RunsLike, *, strategy: str = "from_failure", tags: Mapping[str, str] | None = None
    ) -> pd.DataFrame:
        """Run many runs again, a few at a time; one that cannot be does not keep the others from it.

        Parameters
        ----------
        runs
            The runs, each once: ids, `Run` objects, or a frame with a ``run_id`` column.
        strategy, tags
            As in `reexecute`.

        Returns
        -------
        pandas.DataFrame
            A row a run, in the order given: ``parent_run_id``, ``run_id`` of the new run, ``outcome`` (as in
            `launch_many`; ``invalid`` where its state does not allow it), ``message``.

        Raises
        ------
        TypeError, ValueError
            If these are no runs, or no such strategy; nothing is sent then.
        ReadOnlyError

        Examples
        --------
        >>> client.reexecute_many(client.runs(status="FAILURE", created_after="24h"))  # doctest: +SKIP
        """
        self._check_writable()
        ids = run_ids_of(runs)
        if strategy not in _STRATEGIES:
            raise ValueError(f"strategy takes {', '.join(map(repr, _STRATEGIES))}, not {strategy!r}.")
        text_tags(tags)

        async def one(run_id: str) -> dict[str, str | None]:
            try:
                run = await self.reexecute(run_id, strategy=strategy, tags=tags)
            except DagsterNbError as error:
                return {"parent_run_id": run_id, **outcome_of(error)}
            return {"parent_run_id": run_id, "run_id": run.run_id, "outcome": "launched"}

        with self._watching("re-executing", unit="runs", total=len(ids)) as bar:
            rows = await each(ids, one, bar)
        return outcomes_frame(rows, ["parent_run_id", "run_id", "outcome", "message"])

    async def _launch(self, launch: Launch, repositories: list[dict[str, Any]] | None = None) -> AsyncRun:
        address = await find_job(
            self._api,
            launch.job,
            location=launch.location,
            repository=launch.repository,
            repositories=repositories,
        )
        config, tags = launch.run_config, launch.tags
        if launch.partition_key is not None:
            partition_config, partition_tags = await partition_defaults(self, address, launch.partition_key)
            config = parse_run_config(partition_config) if config is None else config
            tags = {**partition_tags, **tags}
        selector: dict[str, Any] = {**address.selector}
        if launch.ops is not None:
            selector["solidSelection"] = list(launch.ops)
        if launch.assets is not None:
            selector["assetSelection"] = [{"path": key.split("/")} for key in launch.assets]
        parameters = {
            "selector": selector,
            "runConfigData": config or {},
            "executionMetadata": {"tags": tag_list(tags)},
        }
        answer = await self._write("launch_run", {"executionParams": parameters})
        return self._run_of(unwrap(answer["launchRun"], "LaunchRunSuccess"))

    async def _reexecute_as_it_was(
        self, parent: dict[str, Any], strategy: str, added: dict[str, str]
    ) -> dict[str, Any]:
        try:
            return await self._write("reexecute_run", _by_parent(parent, strategy, added))
        except UnsupportedServerError:
            # Before Dagster 1.10.8 this form takes no tags; the longer one always did, and takes these two strategies.
            if strategy == "from_asset_failure":
                raise
            return await self._write("reexecute_run", _in_full(parent, strategy, added, parent["runConfig"] or {}))

    def _run_of(self, launched: dict[str, Any]) -> AsyncRun:
        return AsyncRun(self, launched["run"])  # type: ignore[arg-type]  # every part is one client in the end


def _checked(launch: Mapping[str, Any]) -> Launch | tuple[str, Exception]:
    """Read one launch of many; a config that does not parse is the outcome of this one, and no error of the call."""
    if not hasattr(launch, "items"):
        raise TypeError(f'a launch is a dict such as {{"job": "nightly"}}, not {type(launch).__name__}.')
    arguments = dict(launch)
    if unknown := sorted(set(arguments) - _LAUNCH_ARGUMENTS):
        raise ValueError(f"a launch takes {', '.join(sorted(_LAUNCH_ARGUMENTS))}, not {', '.join(map(repr, unknown))}.")
    if not isinstance(arguments.get("job"), str) or not arguments["job"]:
        raise ValueError('a launch names its job: {"job": "nightly", ...}.')
    try:
        return Launch.of(**arguments)
    except RunConfigInvalidError as error:
        return arguments["job"], error


def _check_reexecutable(parent: dict[str, Any], strategy: str) -> None:
    """Refuse what Dagster would answer with a bare ``PythonError``."""
    run_id, status = parent["runId"], parent["status"]
    if strategy != "all_steps" and status not in _FAILED:
        raise RunStateError(
            f"run {run_id} is {status} and did not fail, so there is nothing to run again {strategy}; "
            f"strategy='all_steps' runs all of it."
        )
    if parent["repositoryOrigin"] is None or parent["pipelineSnapshotId"] is None:
        raise RunStateError(
            f"run {run_id} was stored without what its job was or where its code is, so Dagster cannot run it again; "
            f"launch job {parent['jobName']!r} instead."
        )


def _by_parent(parent: dict[str, Any], strategy: str, added: dict[str, str]) -> dict[str, Any]:
    parameters: dict[str, Any] = {"parentRunId": parent["runId"], "strategy": _STRATEGIES[strategy]}
    if added:
        parameters["extraTags"] = tag_list(added)
    return {"reexecutionParams": parameters}


def _in_full(parent: dict[str, Any], strategy: str, added: dict[str, str], config: dict[str, Any]) -> dict[str, Any]:
    """Say the same through ``executionParams``, the form that takes a config, and tags in every Dagster."""
    origin = parent["repositoryOrigin"]
    inherited = {key: value for key, value in tag_dict(parent["tags"]).items() if key not in _OWN_TAGS}
    root_run_id = parent["rootRunId"] or parent["runId"]
    own = {"dagster/parent_run_id": parent["runId"], "dagster/root_run_id": root_run_id}
    if strategy == "from_failure":
        own[_RESUME_TAG] = "true"
    address = JobAddress(parent["jobName"], origin["repositoryLocationName"], origin["repositoryName"])
    selector: dict[str, Any] = {**address.selector}
    if parent["solidSelection"] is not None:
        selector["solidSelection"] = parent["solidSelection"]
    if parent["assetSelection"] is not None:
        selector["assetSelection"] = [{"path": key["path"]} for key in parent["assetSelection"]]
    if parent["assetCheckSelection"] is not None:
        selector["assetCheckSelection"] = [
            {"name": check["name"], "assetKey": {"path": check["assetKey"]["path"]}}
            for check in parent["assetCheckSelection"]
        ]
    return {
        "executionParams": {
            "selector": selector,
            "runConfigData": config,
            "executionMetadata": {
                "parentRunId": parent["runId"],
                "rootRunId": root_run_id,
                "tags": tag_list({**inherited, **added, **own}),
            },
        }
    }
