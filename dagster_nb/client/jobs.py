"""Which job is meant: a person gives a name, the server wants to know its code location and repository as well."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from dagster_nb.errors import AmbiguousJobError, JobNotFoundError
from dagster_nb.graphql.responses import unwrap

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dagster_nb.graphql.api import DagsterApi

__all__ = [
    "HIDDEN_JOB_PREFIX",
    "JobAddress",
    "check_names",
    "find_job",
    "list_locations",
    "list_repositories",
    "unknown_location",
]

# Dagster makes a job of that name for runs of assets that belong to no job, and shows it in no list.
HIDDEN_JOB_PREFIX = "__ASSET_JOB"


@dataclass(frozen=True, slots=True)
class JobAddress:
    """Where a job is.

    Parameters
    ----------
    job
        Its name.
    location
        The code location.
    repository
        The repository in it.
    """

    job: str
    location: str
    repository: str

    @property
    def selector(self) -> dict[str, str]:
        """The job as the schema's ``PipelineSelector`` and ``JobOrPipelineSelector`` name it."""
        return {
            "pipelineName": self.job,
            "repositoryName": self.repository,
            "repositoryLocationName": self.location,
        }


async def find_job(
    server: DagsterApi,
    job: str,
    *,
    location: str | None = None,
    repository: str | None = None,
    repositories: list[dict[str, Any]] | None = None,
) -> JobAddress:
    """Return where the job of that name is.

    Parameters
    ----------
    server
        Whom to ask.
    job
        Its name.
    location, repository
        Where to look, if the name is used more than once.
    repositories
        What `list_repositories` gave, where many jobs are looked for; asked for unless given.

    Raises
    ------
    JobNotFoundError
        If there is no such job, code location or repository; it says what there is.
    AmbiguousJobError
        If several repositories have a job of that name.
    ValueError, TypeError
        If no name is given; nothing is sent then.
    """
    check_names(job, location=location, repository=repository)
    wanted = _Wanted(job, location, repository)
    if repositories is None:
        repositories = await list_repositories(server, jobs=True)
    jobs = [
        JobAddress(one["name"], node["location"]["name"], node["name"]) for node in repositories for one in node["jobs"]
    ]
    found = [one for one in jobs if one.job == job and wanted.covers(one)]
    if len(found) == 1:
        return found[0]
    if found:
        raise AmbiguousJobError(
            f"{len(found)} repositories have a job {job!r}. Say which:\n" + "\n".join(_arguments(found))
        )
    raise JobNotFoundError(_not_found(wanted, jobs, await list_locations(server)))


async def list_repositories(server: DagsterApi, *, jobs: bool) -> list[dict[str, Any]]:
    """Return the repositories that are loaded, with their jobs if asked for."""
    answer = await server.query("repositories", {"jobs": jobs})
    nodes: list[dict[str, Any]] = unwrap(answer["repositoriesOrError"], "RepositoryConnection")["nodes"]
    return nodes


async def list_locations(server: DagsterApi) -> list[dict[str, Any]]:
    """Return the entries of the workspace: every code location, whether its code loads or not."""
    answer = await server.query("locations")
    entries: list[dict[str, Any]] = unwrap(answer["workspaceOrError"], "Workspace")["locationEntries"]
    return entries


def unknown_location(location: str, entries: Iterable[dict[str, Any]]) -> JobNotFoundError:
    """Return the error for a code location that is not there; it names those that are.

    Parameters
    ----------
    location
        The name asked for.
    entries
        What `list_locations` gave.
    """
    names = sorted(entry["name"] for entry in entries)
    return JobNotFoundError(
        f"the server has no code location {location!r}; it has "
        f"{', '.join(map(repr, names)) if names else 'none at all'}."
    )


def check_names(job: str, *, location: str | None, repository: str | None) -> None:
    """Refuse what cannot be the name of a job, or of where it is.

    Raises
    ------
    ValueError, TypeError
        If one of them is no text, or an empty one.

    Examples
    --------
    >>> check_names("nightly", location=None, repository=None)
    """
    for what, name in (("job", job), ("location", location), ("repository", repository)):
        if name is None and what != "job":
            continue
        if not isinstance(name, str):
            raise TypeError(f"{what} takes a name, not {name!r}.")
        if not name:
            raise ValueError(f"{what} takes a name, not an empty text.")


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A job as a person names it."""

    job: str
    location: str | None
    repository: str | None

    def covers(self, address: JobAddress) -> bool:
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


def _not_found(wanted: _Wanted, jobs: Sequence[JobAddress], entries: Sequence[dict[str, Any]]) -> str:
    """Say that a job was not found, and whatever helps to find it."""
    if wanted.location is not None and all(wanted.location != entry["name"] for entry in entries):
        return str(unknown_location(wanted.location, entries))
    lines = [f"the server has no job {wanted.job!r}{wanted.where}."]
    if namesakes := [one for one in jobs if one.job == wanted.job]:
        lines += ["There is one of that name with:", *_arguments(namesakes)]
    else:
        repositories = sorted({one.repository for one in jobs if wanted.location in {None, one.location}})
        if wanted.repository is not None and wanted.repository not in repositories:
            lines.append(f"Nor is there such a repository; there is {', '.join(map(repr, repositories)) or 'none'}.")
        names = sorted({one.job for one in jobs if not one.job.startswith(HIDDEN_JOB_PREFIX)})
        if near := get_close_matches(wanted.job, names):
            lines.append(f"Did you mean {' or '.join(map(repr, near))}?")
        elif names:
            lines.append("client.jobs() lists those that there are.")
        else:
            lines.append("It has no jobs at all.")
    for entry in entries:
        if wanted.location not in {None, entry["name"]}:
            continue
        if (entry["locationOrLoadError"] or {}).get("__typename") == "PythonError":
            lines.append(
                f"The code of location {entry['name']!r} does not load and may hold the job; "
                f"client.locations() says why."
            )
        elif entry.get("loadStatus") == "LOADING":
            lines.append(f"Code location {entry['name']!r} is still loading and may hold the job.")
    return "\n".join(lines)
