"""Launch jobs: ``launch`` and ``launch_many``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dagster_nb.client.arguments.find_assets import check_unambiguous
from dagster_nb.client.arguments.job_address import JobFinder
from dagster_nb.client.arguments.launch_arguments import LaunchArguments, tag_inputs
from dagster_nb.client.arguments.run_config import parse_run_config
from dagster_nb.client.async_base import AsyncBase
from dagster_nb.client.bulk import act_on_each
from dagster_nb.client.outcome_of_error import outcome_of_error
from dagster_nb.client.partition_keys_and_config import partition_defaults
from dagster_nb.client.request_tag import (
    REQUEST_TAG,
    batch_request_ids,
    find_requested_run,
    launch_once,
    new_request_id,
)
from dagster_nb.errors import DagsterNbError, RunConfigInvalidError, ServerError
from dagster_nb.frames.outcomes import outcomes_frame
from dagster_nb.graphql.responses import unwrap
from dagster_nb.similar_names import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd

    from dagster_nb.client.arguments.job_address import JobAddress
    from dagster_nb.client.arguments.run_config import RunConfigLike
    from dagster_nb.client.outcome_of_error import Row
    from dagster_nb.client.run import AsyncRun

__all__ = ["LaunchMethods"]

_COLUMNS = ["job_name", "run_id", "outcome", "message"]
# "*load", "++load" and "load+" also select ops upstream or downstream of an op.
_SELECTION_OPERATORS = re.compile(r"^[*+]+|[*+]+$")
_ARGUMENT_NAMES = frozenset(
    {"job", "run_config", "tags", "op_selection", "asset_selection", "partition_key", "location", "repository"}
)


class LaunchMethods(AsyncBase):
    """The client methods that launch jobs."""

    async def launch(
        self,
        job: str,
        *,
        run_config: RunConfigLike | None = None,
        tags: Mapping[str, Any] | None = None,
        op_selection: str | Iterable[str] | None = None,
        asset_selection: str | Iterable[str | Sequence[str]] | None = None,
        partition_key: str | None = None,
        location: str | None = None,
        repository: str | None = None,
    ) -> AsyncRun:
        """Launch a job (``launchRun``) and return the new run, which is queued or starts immediately.

        Parameters
        ----------
        job
            The job's name.
        run_config
            A dict, Dagster's ``RunConfig``, or YAML or JSON text.
        tags
            Tags to add to the job's tags. Values that are not strings become JSON.
        op_selection
            The ops to run, in Dagster's selection syntax, such as ``"*load"``. None runs all ops; an empty list is a
            `ValueError`.
        asset_selection
            The keys of the assets to materialize, such as ``"a/b"``. If a component contains a slash, pass lists of
            components, such as ``[["a/b", "c"]]``. A string that can mean several assets is an `AmbiguousNameError`.
            None means all assets of the job; an empty list is a `ValueError`.
        partition_key
            The key of a partition of the job. A partition has a config and tags: ``run_config`` replaces its config,
            and ``tags`` are added to its tags.
        location, repository
            The job's code location and repository; required if several repositories have a job with that name. If you
            pass both, the client does not need to read the server's list of jobs first.

        Raises
        ------
        JobNotFoundError, LocationNotFoundError
            If there is no such job or code location. The message lists existing or similar names.
        AmbiguousJobError, AmbiguousNameError
            If several repositories have a job with that name, or if several assets have the same key as a string.
        RunConfigInvalidError
            If the config or the selection does not fit the job; ``.errors`` says where.
        ValueError, TypeError
            If the job has no such partition, or an argument is invalid. Nothing is launched.
        OutcomeUnknownError
            If the server's response was lost, and the run did not appear within a few seconds.
        ActionInterrupt
            If the user presses Ctrl-C after the request was sent. The exception's ``outcomes`` attribute says whether
            the run was launched.
        ReadOnlyError, UnauthorizedError

        Examples
        --------
        >>> client.launch("nightly", run_config={"ops": {"load": {"config": {"rows": 10}}}}).wait()  # doctest: +SKIP
        """
        await self._check_permitted("launch")
        arguments = LaunchArguments.parse(
            job=job,
            run_config=run_config,
            tags=tags,
            op_selection=op_selection,
            asset_selection=asset_selection,
            partition_key=partition_key,
            location=location,
            repository=repository,
        )
        await check_unambiguous(self._api, arguments.asset_texts)
        return await self._launch(arguments, JobFinder(self._api), new_request_id())

    async def launch_many(self, launches: Iterable[Mapping[str, Any]], *, batch: str | None = None) -> pd.DataFrame:
        """Launch many jobs, a few at a time. If one launch fails, the method continues with the others.

        Parameters
        ----------
        launches
            One dict per launch with the arguments of `launch`, such as ``{"job": "nightly", "run_config": {...}}``.
        batch
            A name for these launches. If this or another client has already launched a part of the batch, that part is
            not launched again. After an interruption or an error, you can therefore repeat the call with the same name
            to launch the rest. Equal launches in one call count as separate launches. None launches everything.

        Returns
        -------
        pandas.DataFrame
            One row per launch, in the order given:

            ======== ====== ==================================================================================
            column   dtype  content
            ======== ====== ==================================================================================
            job_name string the job
            run_id   string the id of the run; NA if there is none
            outcome  string ``launched``, ``already_launched``, ``invalid``, ``not_found``, ``unauthorized``,
                            ``failed``; ``unknown`` if the response was lost and the run did not appear
            message  string why nothing was launched; NA if the launch succeeded
            ======== ====== ==================================================================================

        Raises
        ------
        TypeError, ValueError
            If an argument of one of the launches is invalid. Nothing is launched. A run config that cannot be parsed
            raises no error: the launch has the outcome ``invalid``.
        ActionInterrupt
            On Ctrl-C. The exception's ``outcomes`` attribute is this frame. Launches for which no request was sent have
            the outcome ``not_sent``.
        ReadOnlyError

        Examples
        --------
        >>> launches = [{"job": "nightly", "partition_key": day} for day in days]  # doctest: +SKIP
        >>> client.launch_many(launches, batch="nightly of june")  # doctest: +SKIP
        """
        await self._check_permitted("launch_many")
        parsed = [_parse(launch) for launch in launches]
        await check_unambiguous(self._api, [text for arguments in parsed for text in arguments.asset_texts])
        if batch is None:
            ids = [new_request_id() for _ in parsed]
        else:
            ids = batch_request_ids(batch, [arguments.identity for arguments in parsed])
        finder = JobFinder(self._api)
        with self._progress_bar("launching", unit="runs", total=len(parsed)) as bar:

            async def launch_one(launch: tuple[LaunchArguments | _Invalid, str]) -> Row:
                arguments, request_id = launch
                outcome = await self._launch_outcome(arguments, finder, request_id, in_batch=batch is not None)
                bar.advance()
                return outcome

            acted = await act_on_each(launch_one, list(zip(parsed, ids, strict=True)))
        rows = [{"job_name": arguments.job, **row} for arguments, row in zip(parsed, acted.rows, strict=True)]
        return acted.frame_or_interruption(outcomes_frame(rows, _COLUMNS))

    async def _launch_outcome(
        self, arguments: LaunchArguments | _Invalid, finder: JobFinder, request_id: str, *, in_batch: bool
    ) -> Row:
        if isinstance(arguments, _Invalid):
            return outcome_of_error(arguments.error)
        try:
            if in_batch and (found := await find_requested_run(self, request_id, parent_run_id=None)) is not None:
                return {"run_id": found.run_id, "outcome": "already_launched"}
            run = await self._launch(arguments, finder, request_id)
        except (DagsterNbError, ValueError) as error:
            return outcome_of_error(error)
        return {"run_id": run.run_id, "outcome": "launched"}

    async def _launch(self, arguments: LaunchArguments, finder: JobFinder, request_id: str) -> AsyncRun:
        where = {"location": arguments.location, "repository": arguments.repository}

        async def launch_at(address: JobAddress) -> AsyncRun:
            config, tags = arguments.run_config, arguments.tags
            if arguments.partition_key is not None:
                try:
                    default_config, default_tags = await partition_defaults(
                        self, address, arguments.partition_key, assets=arguments.asset_paths
                    )
                except ValueError:
                    # The job may have no partitions because there is no such job.
                    await finder.find(arguments.job, **where)
                    raise
                config = parse_run_config(default_config) if config is None else config
                tags = {**default_tags, **tags}
            selector: dict[str, Any] = {**address.selector}
            if arguments.ops is not None:
                selector["solidSelection"] = list(arguments.ops)
            if arguments.assets is not None:
                selector["assetSelection"] = [{"path": path} for path in arguments.asset_paths]
            parameters = {
                "selector": selector,
                "runConfigData": config or {},
                "executionMetadata": {"tags": tag_inputs({**tags, REQUEST_TAG: request_id})},
            }
            try:
                return await launch_once(self, "launch_run", {"executionParams": parameters}, request_id=request_id)
            except (RunConfigInvalidError, ServerError):
                if arguments.ops is not None:
                    await self._check_ops(address, arguments.ops)
                raise

        return await finder.use(launch_at, arguments.job, **where)

    async def _check_ops(self, address: JobAddress, selection: Sequence[str]) -> None:
        """After Dagster has rejected a selection, raise an error that names the ops that do not exist in the job."""
        try:
            answer = await self._read("job_ops", {"selector": address.selector})
            handles = [one["handleID"] for one in unwrap(answer["pipelineOrError"], "Pipeline")["solidHandles"]]
        except DagsterNbError:
            # If the ops cannot be read, the caller raises the error from Dagster.
            return
        names = [_SELECTION_OPERATORS.sub("", clause) for clause in selection]
        if unknown := [name for name in names if name and name not in handles]:
            missing = " and no op ".join(map(repr, unknown))
            hints = dict.fromkeys(filter(None, (did_you_mean(name, handles) for name in unknown)))
            hint = "".join(f" {question}" for question in hints)
            raise RunConfigInvalidError(
                f"job {address.job!r} has no op {missing}, so nothing was launched.{hint} client.ops({address.job!r}) "
                "lists its ops."
            ) from None


class _Invalid:
    """Raised for a launch whose run config cannot be parsed."""

    def __init__(self, job: str, error: RunConfigInvalidError):
        self.job = job
        self.error = error
        self.identity = None
        self.asset_texts = ()


def _parse(launch: Mapping[str, Any]) -> LaunchArguments | _Invalid:
    if not isinstance(launch, Mapping):
        raise TypeError(f'a launch must be a dict such as {{"job": "nightly"}}, not {type(launch).__name__}.')
    arguments = dict(launch)
    if unknown := sorted(set(arguments) - _ARGUMENT_NAMES, key=str):
        raise ValueError(
            f"a launch does not accept {', '.join(map(repr, unknown))}. Use these arguments: "
            f"{', '.join(sorted(_ARGUMENT_NAMES))}."
        )
    if not isinstance(arguments.get("job"), str) or not arguments["job"]:
        raise ValueError('a launch must name its job: {"job": "nightly", ...}.')
    try:
        return LaunchArguments.parse(**arguments)
    except RunConfigInvalidError as error:
        return _Invalid(arguments["job"], error)
