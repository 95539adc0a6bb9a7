"""Find a job's code location and repository by the job's name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import anyio

from dagster_nb.errors import AmbiguousJobError, JobNotFoundError, LocationNotFoundError
from dagster_nb.graphql.responses import unwrap
from dagster_nb.similar_names import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence

    from dagster_nb.errors import NotFoundError
    from dagster_nb.graphql.dagster_api import DagsterApi

__all__ = [
    "HIDDEN_JOB_PREFIXES",
    "JobAddress",
    "JobFinder",
    "check_name",
    "check_names",
    "list_locations",
    "list_repositories",
    "location_not_found",
    "repository_selector",
]

T = TypeVar("T")

HIDDEN_JOB_PREFIXES = ("__ASSET_JOB", "__anonymous_asset_job")
"""The name prefixes of hidden jobs. Dagster creates hidden jobs to materialize assets that no job contains."""


@dataclass(frozen=True, slots=True)
class JobAddress:
    """The full name of a job.

    Parameters
    ----------
    job
        Its name.
    location
        The code location.
    repository
        The repository in the code location.
    """

    job: str
    location: str
    repository: str

    @property
    def selector(self) -> dict[str, str]:
        """The schema's ``PipelineSelector`` or ``JobOrPipelineSelector`` for this job."""
        return {"pipelineName": self.job, **self.repository_selector}

    @property
    def repository_selector(self) -> dict[str, str]:
        """The schema's ``RepositorySelector`` for the job's repository."""
        return repository_selector(self.location, self.repository)


class JobFinder:
    """Finds jobs by name. The server's jobs are read at most once, and only if they are needed.

    Parameters
    ----------
    api
        The server that has the jobs.
    """

    def __init__(self, api: DagsterApi):
        self._api = api
        self._jobs: list[JobAddress] | None = None
        self._lock = anyio.Lock()

    async def use(
        self,
        function: Callable[[JobAddress], Awaitable[T]],
        job: str,
        *,
        location: str | None = None,
        repository: str | None = None,
    ) -> T:
        """Call a coroutine function with the address of a job.

        If location and repository are given, no request is needed to find the address, but the job may not exist. If
        the function then raises a `JobNotFoundError`, the error is replaced by an error that lists similar names.

        Parameters
        ----------
        function
            A coroutine function that takes the address.
        job
            The job's name.
        location, repository
            The job's code location and repository; needed if several repositories have a job with that name.

        Raises
        ------
        JobNotFoundError, LocationNotFoundError
            If there is no such job, repository or code location; the message lists existing or similar names.
        AmbiguousJobError
            If several repositories have a job with that name.
        ValueError, TypeError
            If a name is missing or not a string; nothing is sent.
        """
        check_names(job, location=location, repository=repository)
        if location is None or repository is None:
            return await function(await self.find(job, location=location, repository=repository))
        try:
            return await function(JobAddress(job, location, repository))
        except JobNotFoundError:
            await self.find(job, location=location, repository=repository)
            raise

    async def find(self, job: str, *, location: str | None = None, repository: str | None = None) -> JobAddress:
        """Return the address of the job with that name. This method raises the same errors as `use`."""
        check_names(job, location=location, repository=repository)
        request = _Request(job, location, repository)
        jobs = await self.jobs()
        found = [one for one in jobs if one.job == job and request.matches(one)]
        if len(found) == 1:
            return found[0]
        if found:
            raise AmbiguousJobError(
                f"{len(found)} repositories have a job {job!r}. Select one with these arguments:\n"
                + "\n".join(_arguments(found))
            )
        raise _job_not_found(request, jobs, await list_locations(self._api))

    async def jobs(self) -> list[JobAddress]:
        """Return all jobs with their code locations and repositories."""
        async with self._lock:
            if self._jobs is None:
                self._jobs = [
                    JobAddress(job["name"], node["location"]["name"], node["name"])
                    for node in await list_repositories(self._api, jobs=True)
                    for job in node["jobs"]
                ]
            return self._jobs


def repository_selector(location: str, repository: str) -> dict[str, str]:
    """Return the schema's ``RepositorySelector`` for a repository."""
    return {"repositoryName": repository, "repositoryLocationName": location}


async def list_repositories(api: DagsterApi, document: str = "repositories", **variables: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - JSON
    """Return the loaded repositories, with the fields of a document (``RepositoryConnection.nodes``).

    The document ``repositories`` requests the jobs if its variable ``jobs`` is true.
    """
    answer = await api.query(document, variables)
    nodes: list[dict[str, Any]] = unwrap(answer["repositoriesOrError"], "RepositoryConnection")["nodes"]
    return nodes


async def list_locations(api: DagsterApi) -> list[dict[str, Any]]:
    """Return all code locations, including those that failed to load (``Workspace.locationEntries``)."""
    answer = await api.query("locations")
    entries: list[dict[str, Any]] = unwrap(answer["workspaceOrError"], "Workspace")["locationEntries"]
    return entries


def location_not_found(location: str, entries: Iterable[dict[str, Any]]) -> LocationNotFoundError:
    """Return the error for a code location that does not exist.

    Parameters
    ----------
    location
        The name that does not exist.
    entries
        The code locations that exist, from `list_locations`.
    """
    names = sorted(entry["name"] for entry in entries)
    advice = f"Use one of: {', '.join(map(repr, names))}." if names else "It has no code locations at all."
    return LocationNotFoundError(f"the server has no code location {location!r}. {advice}")


def check_names(job: str, *, location: str | None, repository: str | None) -> None:
    """Raise an error if the name of a job, code location or repository is invalid.

    Raises
    ------
    ValueError, TypeError
        If a name is empty or not a string.

    Examples
    --------
    >>> check_names("nightly", location=None, repository=None)
    """
    for argument, name in (("job", job), ("location", location), ("repository", repository)):
        if name is not None or argument == "job":
            check_name(argument, name)


def check_name(argument: str, name: str | None) -> None:
    """Raise a `TypeError` or `ValueError` if an argument that names a job, code location or repository is invalid.

    Examples
    --------
    >>> check_name("location", "etl")
    """
    if not isinstance(name, str):
        raise TypeError(f"{argument} must be a string, not {name!r}.")
    if not name:
        raise ValueError(f"{argument} must not be empty. Pass the name of a {_NOUNS[argument]}.")


_NOUNS = {"job": "job", "location": "code location", "repository": "repository"}


@dataclass(frozen=True, slots=True)
class _Request:
    """A job, as the user specified it. A location or repository that is None matches anything."""

    job: str
    location: str | None
    repository: str | None

    def matches(self, address: JobAddress) -> bool:
        return self.location in {None, address.location} and self.repository in {None, address.repository}

    @property
    def where(self) -> str:
        parts = []
        if self.repository is not None:
            parts.append(f"repository {self.repository!r}")
        if self.location is not None:
            parts.append(f"code location {self.location!r}")
        return f" in {' of '.join(parts)}" if parts else ""


def _arguments(found: Iterable[JobAddress]) -> list[str]:
    return [f"  location={one.location!r}, repository={one.repository!r}" for one in found]


def _job_not_found(request: _Request, jobs: Sequence[JobAddress], entries: Sequence[dict[str, Any]]) -> NotFoundError:
    """Return the error for a job that does not exist, with hints for finding the right job."""
    if request.location is not None and all(request.location != entry["name"] for entry in entries):
        return location_not_found(request.location, entries)
    lines = [f"the server has no job {request.job!r}{request.where}."]
    if same_name := [one for one in jobs if one.job == request.job]:
        lines += ["Jobs with that name exist. Select one with these arguments:", *_arguments(same_name)]
    else:
        repositories = sorted({one.repository for one in jobs if request.location in {None, one.location}})
        if request.repository is not None and request.repository not in repositories:
            existing = ", ".join(map(repr, repositories)) or "none"
            lines.append(f"Repository {request.repository!r} does not exist either. Existing repositories: {existing}.")
        names = sorted({one.job for one in jobs if not one.job.startswith(HIDDEN_JOB_PREFIXES)})
        if question := did_you_mean(request.job, names):
            lines.append(question)
        elif names:
            lines.append("client.jobs() lists all jobs.")
        else:
            lines.append("The server has no jobs at all. client.locations() lists the code locations.")
    for entry in entries:
        if request.location not in {None, entry["name"]}:
            continue
        if (entry["locationOrLoadError"] or {}).get("__typename") == "PythonError":
            lines.append(
                f"The code of location {entry['name']!r}, which may contain the job, failed to load. "
                f"client.locations() shows why."
            )
        elif entry.get("loadStatus") == "LOADING":
            lines.append(f"Code location {entry['name']!r}, which may contain the job, is still loading. Try again.")
    return JobNotFoundError("\n".join(lines))
