"""Launching jobs: ``launch`` and ``launch_many``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dagster_nb.client.arguments.job_address import JobFinder
from dagster_nb.client.arguments.launch_arguments import LaunchArguments, tag_inputs
from dagster_nb.client.arguments.run_config import parse_run_config
from dagster_nb.client.async_base import AsyncBase
from dagster_nb.client.outcomes import outcome_of_error
from dagster_nb.client.partitions import partition_defaults
from dagster_nb.concurrency import map_concurrently
from dagster_nb.errors import DagsterNbError, RunConfigInvalidError
from dagster_nb.frames.outcomes import outcomes_frame
from dagster_nb.graphql.responses import unwrap

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from dagster_nb.client.arguments.job_address import JobAddress
    from dagster_nb.client.arguments.run_config import RunConfigLike
    from dagster_nb.client.outcomes import Row
    from dagster_nb.client.run import AsyncRun

__all__ = ["LaunchMethods"]

_COLUMNS = ["job_name", "run_id", "outcome", "message"]
_ARGUMENT_NAMES = frozenset(
    {"job", "run_config", "tags", "op_selection", "asset_selection", "partition_key", "location", "repository"}
)


class LaunchMethods(AsyncBase):
    """The methods of the client that launch jobs."""

    async def launch(
        self,
        job: str,
        *,
        run_config: RunConfigLike | None = None,
        tags: Mapping[str, Any] | None = None,
        op_selection: str | Iterable[str] | None = None,
        asset_selection: str | Iterable[str] | None = None,
        partition_key: str | None = None,
        location: str | None = None,
        repository: str | None = None,
    ) -> AsyncRun:
        """Launch a job (``launchRun``), and return the new run, which is queued or starts at once.

        Parameters
        ----------
        job
            The job's name.
        run_config
            A dict, Dagster's ``RunConfig``, or YAML or JSON text.
        tags
            Tags of the run, added to the job's own. A value that is not a string becomes JSON text.
        op_selection
            The ops to run, in Dagster's selection syntax, such as ``"*load"``. None runs all ops; an empty list is a
            `ValueError`.
        asset_selection
            The keys ``"a/b"`` of the assets to materialize. None means all assets of the job; an empty list is a
            `ValueError`.
        partition_key
            The key of a partition of the job. The partition has its own config and tags: ``run_config`` replaces its
            config, and ``tags`` are added to its tags.
        location, repository
            The code location and the repository of the job; needed if several repositories have a job with that name.
            If both are given, the client does not need to read the server's jobs first.

        Raises
        ------
        JobNotFoundError, LocationNotFoundError
            If there is no such job or code location; the message lists what exists.
        AmbiguousJobError
            If several repositories have a job with that name.
        RunConfigInvalidError
            If the config or the selection does not fit the job; ``.errors`` says where.
        ValueError, TypeError
            If the job has no such partition, or an argument is invalid. Nothing is launched.
        OutcomeUnknownError
            If the server's response was lost.
        ReadOnlyError, UnauthorizedError

        Examples
        --------
        >>> client.launch("nightly", run_config={"ops": {"load": {"config": {"rows": 10}}}}).wait()  # doctest: +SKIP
        """
        self._check_writable()
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
        return await self._launch(arguments, JobFinder(self._api))

    async def launch_many(self, launches: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
        """Launch many jobs, a few at a time. A failed launch does not stop the others.

        Parameters
        ----------
        launches
            For each launch a dict with the arguments of `launch`: ``{"job": "nightly", "run_config": {...}}``.

        Returns
        -------
        pandas.DataFrame
            One row per launch, in the order given:

            ======== ====== ==================================================================================
            column   dtype  content
            ======== ====== ==================================================================================
            job_name string the job
            run_id   string the id of the new run; NA if none was launched
            outcome  string ``launched``, ``invalid``, ``not_found``, ``unauthorized``, ``failed``; ``unknown``
                            if the response was lost
            message  string why nothing was launched; NA if there is nothing to say
            ======== ====== ==================================================================================

        Raises
        ------
        TypeError, ValueError
            If an argument of one of the launches is invalid. Nothing is launched. A run config that cannot be parsed
            does not raise: that launch has the outcome ``invalid``.
        ReadOnlyError

        Examples
        --------
        >>> client.launch_many([{"job": "nightly", "partition_key": day} for day in days])  # doctest: +SKIP
        """
        self._check_writable()
        parsed = [_parse(launch) for launch in launches]
        finder = JobFinder(self._api)
        with self._progress_bar("launching", unit="runs", total=len(parsed)) as bar:

            async def launch_one(arguments: LaunchArguments | _Invalid) -> Row:
                outcome = await self._launch_outcome(arguments, finder)
                bar.advance()
                return {"job_name": arguments.job, **outcome}

            rows = await map_concurrently(launch_one, parsed)
        return outcomes_frame(rows, _COLUMNS)

    async def _launch_outcome(self, arguments: LaunchArguments | _Invalid, finder: JobFinder) -> Row:
        if isinstance(arguments, _Invalid):
            return outcome_of_error(arguments.error)
        try:
            run = await self._launch(arguments, finder)
        except (DagsterNbError, ValueError) as error:
            return outcome_of_error(error)
        return {"run_id": run.run_id, "outcome": "launched"}

    async def _launch(self, arguments: LaunchArguments, finder: JobFinder) -> AsyncRun:
        where = {"location": arguments.location, "repository": arguments.repository}

        async def launch_at(address: JobAddress) -> AsyncRun:
            config, tags = arguments.run_config, arguments.tags
            if arguments.partition_key is not None:
                try:
                    default_config, default_tags = await partition_defaults(self, address, arguments.partition_key)
                except ValueError:
                    # A job that does not exist has no partitions either.
                    await finder.find(arguments.job, **where)
                    raise
                config = parse_run_config(default_config) if config is None else config
                tags = {**default_tags, **tags}
            selector: dict[str, Any] = {**address.selector}
            if arguments.ops is not None:
                selector["solidSelection"] = list(arguments.ops)
            if arguments.assets is not None:
                selector["assetSelection"] = [{"path": key.split("/")} for key in arguments.assets]
            parameters = {
                "selector": selector,
                "runConfigData": config or {},
                "executionMetadata": {"tags": tag_inputs(tags)},
            }
            answer = await self._write("launch_run", {"executionParams": parameters})
            return self._launched_run(unwrap(answer, "LaunchRunSuccess"))

        return await finder.use(launch_at, arguments.job, **where)


class _Invalid:
    """A launch whose run config cannot be parsed."""

    def __init__(self, job: str, error: RunConfigInvalidError):
        self.job = job
        self.error = error


def _parse(launch: Mapping[str, Any]) -> LaunchArguments | _Invalid:
    if not isinstance(launch, Mapping):
        raise TypeError(f'a launch must be a dict such as {{"job": "nightly"}}, not {type(launch).__name__}.')
    arguments = dict(launch)
    if unknown := sorted(set(arguments) - _ARGUMENT_NAMES, key=str):
        raise ValueError(
            f"a launch has no argument {', '.join(map(repr, unknown))}; it takes {', '.join(sorted(_ARGUMENT_NAMES))}."
        )
    if not isinstance(arguments.get("job"), str) or not arguments["job"]:
        raise ValueError('a launch must name its job: {"job": "nightly", ...}.')
    try:
        return LaunchArguments.parse(**arguments)
    except RunConfigInvalidError as error:
        return _Invalid(arguments["job"], error)
