"""Re-executing runs: ``reexecute`` and ``reexecute_many``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagster_nb.client.arguments.job_address import JobAddress
from dagster_nb.client.arguments.launch_arguments import STRATEGIES, check_strategy, parse_tags, tag_inputs
from dagster_nb.client.arguments.run_config import parse_run_config
from dagster_nb.client.async_base import AsyncBase
from dagster_nb.client.outcomes import not_found_message, outcome_of_error
from dagster_nb.concurrency import map_concurrently
from dagster_nb.errors import (
    DagsterNbError,
    RunNotFoundError,
    RunStateError,
    ServerError,
    UnsupportedServerError,
)
from dagster_nb.frames.outcomes import outcomes_frame
from dagster_nb.frames.runs import tag_dict
from dagster_nb.graphql.responses import unwrap
from dagster_nb.run_ids import one_run_id, run_ids_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from dagster_nb.client.arguments.launch_arguments import Strategy
    from dagster_nb.client.arguments.run_config import RunConfigLike
    from dagster_nb.client.outcomes import Row
    from dagster_nb.client.run import AsyncRun
    from dagster_nb.run_ids import RunsLike

__all__ = ["ReexecuteMethods"]

_COLUMNS = ["parent_run_id", "run_id", "outcome", "message"]
_FAILED_STATUSES = frozenset({"FAILURE", "CANCELED"})

_RESUME_TAG = "dagster/is_resume_retry"
# Tags that Dagster sets and that describe only the run itself. A re-execution does not inherit them.
_NOT_INHERITED_TAGS = frozenset(
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


class ReexecuteMethods(AsyncBase):
    """The methods of the client that re-execute runs."""

    async def reexecute(
        self,
        run: RunsLike,
        *,
        strategy: Strategy = "from_failure",
        run_config: RunConfigLike | None = None,
        tags: Mapping[str, Any] | None = None,
    ) -> AsyncRun:
        """Re-execute a run (``launchRunReexecution``), and return the new run.

        Parameters
        ----------
        run
            A full run id, a `Run`, or one row of a frame.
        strategy
            ``"from_failure"``: the steps that failed or did not run; ``"all_steps"``; or ``"from_asset_failure"``: the
            assets that were not materialized.
        run_config
            A config that replaces the config of the run; not with ``"from_asset_failure"``.
        tags
            Tags to add to the tags of the run. A value that is not a string becomes JSON text.

        Raises
        ------
        RunNotFoundError
            If there is no such run.
        RunStateError
            If the run cannot be re-executed with this strategy, because it did not fail or was stored without its job.
        JobNotFoundError
            If its job no longer exists.
        UnsupportedServerError
            If the server does not know the strategy: ``"from_asset_failure"`` needs Dagster 1.10.15.
        RunConfigInvalidError, OutcomeUnknownError, ReadOnlyError, UnauthorizedError, ValueError, TypeError

        Examples
        --------
        >>> client.reexecute(run, tags={"why": "the source was late"})  # doctest: +SKIP
        """
        self._check_writable()
        check_strategy(strategy)
        if run_config is not None and strategy == "from_asset_failure":
            raise ValueError("strategy='from_asset_failure' uses the config of the run; leave run_config out.")
        config = None if run_config is None else parse_run_config(run_config)
        added_tags = parse_tags(tags)
        parent = await self._parent(one_run_id(run))
        _check_reexecutable(parent, strategy)
        try:
            if config is None:
                answer = await self._reexecute_unchanged(parent, strategy, added_tags)
            else:
                answer = await self._write("reexecute_run", _execution_params(parent, strategy, added_tags, config))
            return self._launched_run(unwrap(answer, "LaunchRunSuccess"))
        except ServerError as error:
            if error.class_name == "DagsterInvalidSubsetError":
                raise RunStateError(
                    f"run {parent['runId']} has nothing to re-execute with strategy={strategy!r}; use another strategy."
                ) from error
            raise

    async def reexecute_many(
        self, runs: RunsLike, *, strategy: Strategy = "from_failure", tags: Mapping[str, Any] | None = None
    ) -> pd.DataFrame:
        """Re-execute many runs, a few at a time. A run that cannot be re-executed does not stop the others.

        Parameters
        ----------
        runs
            Ids, `Run` objects, or a frame with a ``run_id`` column. Duplicates count once.
        strategy, tags
            As in `reexecute`.

        Returns
        -------
        pandas.DataFrame
            One row per run, in the order given:

            ============= ====== ===========================================================================
            column        dtype  content
            ============= ====== ===========================================================================
            parent_run_id string the run
            run_id        string the id of the new run; NA if none was launched
            outcome       string as in `launch_many`; ``invalid`` if the state of the run does not allow it
            message       string why nothing was launched; NA if there is nothing to say
            ============= ====== ===========================================================================

        Raises
        ------
        TypeError, ValueError
            If an argument is invalid. Nothing is sent.
        ReadOnlyError

        Examples
        --------
        >>> client.reexecute_many(client.runs(status="FAILURE", created_after="24h"))  # doctest: +SKIP
        """
        self._check_writable()
        ids = run_ids_of(runs)
        check_strategy(strategy)
        parse_tags(tags)
        with self._progress_bar("re-executing", unit="runs", total=len(ids)) as bar:

            async def reexecute_one(run_id: str) -> Row:
                try:
                    run = await self.reexecute(run_id, strategy=strategy, tags=tags)
                    outcome: Row = {"run_id": run.run_id, "outcome": "launched"}
                except DagsterNbError as error:
                    outcome = outcome_of_error(error)
                bar.advance()
                return {"parent_run_id": run_id, **outcome}

            rows = await map_concurrently(reexecute_one, ids)
        return outcomes_frame(rows, _COLUMNS)

    async def _parent(self, run_id: str) -> dict[str, Any]:
        answer = await self._read("run_to_reexecute", {"runId": run_id})
        try:
            return unwrap(answer["runOrError"], "Run")
        except RunNotFoundError:
            raise RunNotFoundError(f"cannot re-execute run {run_id!r}: {not_found_message(run_id)}") from None

    async def _reexecute_unchanged(
        self, parent: dict[str, Any], strategy: Strategy, added_tags: dict[str, str]
    ) -> dict[str, Any]:
        """Re-execute a run with its own config."""
        try:
            return await self._write("reexecute_run", _reexecution_params(parent, strategy, added_tags))
        except UnsupportedServerError:
            # Before Dagster 1.10.8, `reexecutionParams` does not accept tags. `executionParams` accepts them for these
            # two strategies.
            if strategy == "from_asset_failure":
                raise
            config = parent["runConfig"] or {}
            return await self._write("reexecute_run", _execution_params(parent, strategy, added_tags, config))


def _check_reexecutable(parent: dict[str, Any], strategy: Strategy) -> None:
    """Raise a readable error in cases where Dagster would respond with a ``PythonError``."""
    run_id, status = parent["runId"], parent["status"]
    if strategy != "all_steps" and status not in _FAILED_STATUSES:
        raise RunStateError(
            f"run {run_id} is {status} and did not fail, so there is nothing to re-execute with "
            f"strategy={strategy!r}. Use strategy='all_steps' to run everything."
        )
    if parent["repositoryOrigin"] is None or parent["pipelineSnapshotId"] is None:
        raise RunStateError(
            f"run {run_id} was stored without its job or its code location, so Dagster cannot re-execute it; launch "
            f"job {parent['jobName']!r} instead."
        )


def _reexecution_params(parent: dict[str, Any], strategy: Strategy, added_tags: dict[str, str]) -> dict[str, Any]:
    parameters: dict[str, Any] = {"parentRunId": parent["runId"], "strategy": STRATEGIES[strategy]}
    if added_tags:
        parameters["extraTags"] = tag_inputs(added_tags)
    return {"reexecutionParams": parameters}


def _execution_params(
    parent: dict[str, Any], strategy: Strategy, added_tags: dict[str, str], config: dict[str, Any]
) -> dict[str, Any]:
    """Return the same request as ``executionParams``, the form that accepts a config, and tags in every Dagster."""
    origin = parent["repositoryOrigin"]
    inherited = {key: value for key, value in tag_dict(parent["tags"]).items() if key not in _NOT_INHERITED_TAGS}
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
                "tags": tag_inputs({**inherited, **added_tags, **own}),
            },
        }
    }
