"""Re-execute runs: ``reexecute`` and ``reexecute_many``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagster_nb.client.arguments.job_address import JobAddress, list_locations, location_not_found
from dagster_nb.client.arguments.launch_arguments import STRATEGIES, check_strategy, parse_tags, tag_inputs
from dagster_nb.client.arguments.run_config import parse_run_config
from dagster_nb.client.async_base import AsyncBase
from dagster_nb.client.bulk import act_on_each
from dagster_nb.client.outcome_of_error import not_found_message, outcome_of_error
from dagster_nb.client.request_tag import (
    REQUEST_TAG,
    batch_request_ids,
    find_requested_run,
    launch_once,
    new_request_id,
)
from dagster_nb.errors import (
    DagsterNbError,
    JobNotFoundError,
    LocationNotFoundError,
    RunConfigInvalidError,
    RunNotFoundError,
    RunStateError,
    ServerError,
    UnsupportedServerError,
)
from dagster_nb.frames.outcomes import outcomes_frame
from dagster_nb.frames.runs import tag_dict
from dagster_nb.graphql.responses import unwrap
from dagster_nb.parse_run_ids import check_same_server, one_run_id, run_ids_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from dagster_nb.client.arguments.launch_arguments import Strategy
    from dagster_nb.client.arguments.run_config import RunConfigLike
    from dagster_nb.client.outcome_of_error import Row
    from dagster_nb.client.run import AsyncRun
    from dagster_nb.parse_run_ids import RunsLike

__all__ = ["ReexecuteMethods"]

_COLUMNS = ["parent_run_id", "run_id", "outcome", "message"]
_FAILED_STATUSES = frozenset({"FAILURE", "CANCELED"})

_RESUME_TAG = "dagster/is_resume_retry"
# Dagster sets these tags. They describe only the run itself, so a re-execution does not inherit them.
_NOT_INHERITED_TAGS = frozenset(
    {
        _RESUME_TAG,
        "dagster/retry_number",
        "dagster/will_retry",
        "dagster/auto_retry_run_id",
        "dagster/failure_reason",
        "dagster/run_metrics",
        "dagster/parent_run_id",
        "dagster/root_run_id",
    }
)
# As in Dagster's own code, a re-execution inherits this tag only while the backfill is in progress.
_BACKFILL_TAG = "dagster/backfill"
_BACKFILL_TAGS = frozenset({_BACKFILL_TAG, "dagster/parent_backfill", "dagster/root_backfill"})


class ReexecuteMethods(AsyncBase):
    """The client methods that re-execute runs."""

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
            ``"from_failure"`` re-executes the steps that failed or did not run, ``"all_steps"`` re-executes all steps,
            and ``"from_asset_failure"`` re-executes the assets that were not materialized.
        run_config
            A config to use instead of the run's config. It cannot be used with ``"from_asset_failure"``.
        tags
            Tags to add to the run's tags. Values that are not strings become JSON.

        Raises
        ------
        RunNotFoundError
            If there is no such run.
        RunStateError
            If the run cannot be re-executed with this strategy because it did not fail, or because it was stored
            without its job.
        JobNotFoundError, LocationNotFoundError
            If the job or code location no longer exists, or if the code location failed to load.
        UnsupportedServerError
            If the server does not support the strategy: ``"from_asset_failure"`` requires Dagster 1.10.15 or newer.
        ActionInterrupt
            If the user presses Ctrl-C after the request was sent: see `launch`.
        RunConfigInvalidError, OutcomeUnknownError, ReadOnlyError, UnauthorizedError, ValueError, TypeError

        Examples
        --------
        >>> client.reexecute(run, tags={"why": "the source was late"})  # doctest: +SKIP
        """
        await self._check_permitted("reexecute")
        check_strategy(strategy)
        if run_config is not None and strategy == "from_asset_failure":
            raise ValueError("strategy='from_asset_failure' uses the run's own config. Leave out run_config.")
        config = None if run_config is None else parse_run_config(run_config)
        added_tags = parse_tags(tags)
        run_id = one_run_id(run)
        check_same_server(run, self.url)
        parent = await self._parent(run_id)
        return await self._reexecute(parent, strategy, added_tags, config=config, request_id=new_request_id())

    async def reexecute_many(
        self,
        runs: RunsLike,
        *,
        strategy: Strategy = "from_failure",
        tags: Mapping[str, Any] | None = None,
        batch: str | None = None,
    ) -> pd.DataFrame:
        """Re-execute many runs, a few at a time.

        If one run cannot be re-executed, the method continues with the others.

        Parameters
        ----------
        runs
            Ids, `Run` objects, or a frame with a ``run_id`` column. Duplicates are ignored.
        strategy, tags
            As in `reexecute`.
        batch
            A name for these re-executions. Runs that have already been re-executed in a batch with this name are not
            re-executed again. After an interruption or an error, you can therefore repeat the call with the same name
            to re-execute the rest. None re-executes every run.

        Returns
        -------
        pandas.DataFrame
            One row per run, in the order given:

            ============= ====== ===========================================================================
            column        dtype  content
            ============= ====== ===========================================================================
            parent_run_id string the run
            run_id        string the id of the new run; NA if there is none
            outcome       string as in `launch_many`; ``invalid`` if the run's state does not allow this
            message       string why nothing was launched; NA if the launch succeeded
            ============= ====== ===========================================================================

        Raises
        ------
        TypeError, ValueError
            If an argument is invalid, or if the runs come from another server. Nothing is sent.
        ActionInterrupt
            If the user presses Ctrl-C: see `launch_many`.
        ReadOnlyError

        Examples
        --------
        >>> client.reexecute_many(client.runs(status="FAILURE", created_after="24h"))  # doctest: +SKIP
        """
        await self._check_permitted("reexecute_many")
        ids = run_ids_of(runs)
        check_same_server(runs, self.url)
        check_strategy(strategy)
        added_tags = parse_tags(tags)
        request_ids = [new_request_id() for _ in ids] if batch is None else batch_request_ids(batch, ids)
        with self._progress_bar("re-executing", unit="runs", total=len(ids)) as bar:

            async def reexecute_one(request: tuple[str, str]) -> Row:
                run_id, request_id = request
                try:
                    outcome = await self._reexecution_outcome(
                        run_id, strategy, added_tags, request_id, in_batch=batch is not None
                    )
                except DagsterNbError as error:
                    outcome = outcome_of_error(error)
                bar.advance()
                return outcome

            acted = await act_on_each(reexecute_one, list(zip(ids, request_ids, strict=True)))
        rows = [{"parent_run_id": run_id, **row} for run_id, row in zip(ids, acted.rows, strict=True)]
        return acted.frame_or_interruption(outcomes_frame(rows, _COLUMNS))

    async def _reexecution_outcome(
        self, run_id: str, strategy: Strategy, added_tags: dict[str, str], request_id: str, *, in_batch: bool
    ) -> Row:
        if in_batch and (found := await find_requested_run(self, request_id, parent_run_id=run_id)) is not None:
            return {"run_id": found.run_id, "outcome": "already_launched"}
        run = await self._reexecute(await self._parent(run_id), strategy, added_tags, request_id=request_id)
        return {"run_id": run.run_id, "outcome": "launched"}

    async def _reexecute(
        self,
        parent: dict[str, Any],
        strategy: Strategy,
        added_tags: dict[str, str],
        *,
        request_id: str,
        config: dict[str, Any] | None = None,
    ) -> AsyncRun:
        """Re-execute a run, with its own config if ``config`` is None."""
        _check_reexecutable(parent, strategy)
        tags = {**added_tags, REQUEST_TAG: request_id}
        try:
            if config is None:
                return await self._reexecute_unchanged(parent, strategy, tags, request_id)
            return await self._send_in_full(parent, strategy, tags, config, request_id)
        except (ServerError, JobNotFoundError, RunConfigInvalidError) as error:
            if isinstance(error, ServerError) and error.class_name == "DagsterInvalidSubsetError":
                raise RunStateError(
                    f"run {parent['runId']} has nothing to re-execute with strategy={strategy!r}. "
                    "Use strategy='all_steps' to run everything."
                ) from error
            await self._check_location(parent)
            raise

    async def _parent(self, run_id: str) -> dict[str, Any]:
        answer = await self._read("run_to_reexecute", {"runId": run_id})
        try:
            return unwrap(answer["runOrError"], "Run")
        except RunNotFoundError:
            raise RunNotFoundError(
                f"cannot re-execute run {run_id!r}, so nothing was launched: {not_found_message(run_id)}"
            ) from None

    async def _reexecute_unchanged(
        self, parent: dict[str, Any], strategy: Strategy, tags: dict[str, str], request_id: str
    ) -> AsyncRun:
        """Re-execute a run with its own config."""
        parameters = {"parentRunId": parent["runId"], "strategy": STRATEGIES[strategy], "extraTags": tag_inputs(tags)}
        try:
            return await self._send({"reexecutionParams": parameters}, parent, request_id)
        except UnsupportedServerError:
            # Before Dagster 1.10.8, `reexecutionParams` does not accept tags. `executionParams` accepts tags, but not
            # the strategy "from_asset_failure".
            if strategy == "from_asset_failure":
                raise
            return await self._send_in_full(parent, strategy, tags, parent["runConfig"] or {}, request_id)

    async def _send_in_full(
        self,
        parent: dict[str, Any],
        strategy: Strategy,
        tags: dict[str, str],
        config: dict[str, Any],
        request_id: str,
    ) -> AsyncRun:
        """Re-execute a run with ``executionParams``, which accept a config and, in every version of Dagster, tags."""
        inherited = {key: value for key, value in tag_dict(parent["tags"]).items() if key not in _NOT_INHERITED_TAGS}
        if _BACKFILL_TAG in inherited and not await self._is_in_progress(inherited[_BACKFILL_TAG]):
            inherited = {key: value for key, value in inherited.items() if key not in _BACKFILL_TAGS}
        variables = _execution_params(parent, strategy, {**inherited, **tags}, config)
        return await self._send(variables, parent, request_id)

    async def _is_in_progress(self, backfill_id: str) -> bool:
        answer = await self._read("backfill", {"backfillId": backfill_id})
        return bool(answer["partitionBackfillOrError"].get("status") == "REQUESTED")

    async def _check_location(self, parent: dict[str, Any]) -> None:
        """Raise an error if the code location of a run no longer exists.

        Dagster reports this in three different ways.
        """
        location = parent["repositoryOrigin"]["repositoryLocationName"]
        entries = await list_locations(self._api)
        entry = next((entry for entry in entries if entry["name"] == location), None)
        if entry is None:
            problem = str(location_not_found(location, entries))
        elif (entry["locationOrLoadError"] or {}).get("__typename") == "PythonError":
            problem = f"the code of location {location!r} failed to load. client.locations() shows why."
        else:
            return
        raise LocationNotFoundError(
            f"cannot re-execute run {parent['runId']}, so nothing was launched: {problem}"
        ) from None

    async def _send(self, variables: dict[str, Any], parent: dict[str, Any], request_id: str) -> AsyncRun:
        return await launch_once(self, "reexecute_run", variables, request_id=request_id, parent_run_id=parent["runId"])


def _check_reexecutable(parent: dict[str, Any], strategy: Strategy) -> None:
    """Raise a readable error in the cases in which Dagster would respond with a ``PythonError``."""
    run_id, status = parent["runId"], parent["status"]
    if strategy != "all_steps" and status not in _FAILED_STATUSES:
        raise RunStateError(
            f"run {run_id} is {status} and did not fail, so there is nothing to re-execute with "
            f"strategy={strategy!r}. Use strategy='all_steps' to run everything."
        )
    if parent["repositoryOrigin"] is None or parent["pipelineSnapshotId"] is None:
        raise RunStateError(
            f"run {run_id} was stored without its job or its code location, so Dagster cannot re-execute it. Launch "
            f"job {parent['jobName']!r} instead."
        )


def _execution_params(
    parent: dict[str, Any], strategy: Strategy, tags: dict[str, str], config: dict[str, Any]
) -> dict[str, Any]:
    origin = parent["repositoryOrigin"]
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
                "tags": tag_inputs({**tags, **own}),
            },
        }
    }
