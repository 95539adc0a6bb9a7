"""Reading one run: ``run``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagster_nb.client.arguments.short_run_ids import full_run_id
from dagster_nb.client.base import AsyncBase
from dagster_nb.graphql.answers import unwrap

if TYPE_CHECKING:
    from dagster_nb.client.arguments.run_ids import RunsLike
    from dagster_nb.client.run import AsyncRun

__all__ = ["RunMethods"]


class RunMethods(AsyncBase):
    """The method of the client that reads one run."""

    async def run(self, run_id: RunsLike) -> AsyncRun:
        """Return one run (``runOrError``).

        Parameters
        ----------
        run_id
            Its id, a `Run`, or one row of a frame of runs. The id may be shortened to its first characters, at least 8;
            the server then lists the ids of all runs, about 0.25 s per 20,000 runs.

        Raises
        ------
        RunNotFoundError
            If there is no such run, or if several ids begin with a shortened one; the message lists them.
        TypeError, ValueError, ConnectionFailedError, RequestTimeoutError, UnauthorizedError

        Examples
        --------
        >>> client.run("8f5e0c9d")  # doctest: +SKIP
        """
        full_id = await full_run_id(self._server, run_id)
        answer = await self._read("run", {"runId": full_id})
        return self._run_from({"runId": full_id, **unwrap(answer["runOrError"], "Run")})
