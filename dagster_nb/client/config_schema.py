"""What the run config of a job may be, as an object: the scaffold, the fields, and a check without launching."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagster_nb.client.config import parse_run_config
from dagster_nb.client.reprs import facts_html
from dagster_nb.filters import as_strings
from dagster_nb.frames.config_fields import config_fields_frame
from dagster_nb.graphql.responses import config_problems, unwrap

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pandas as pd

    from dagster_nb.client.base import AsyncBase
    from dagster_nb.client.jobs import JobAddress
    from dagster_nb.errors import ConfigProblem

__all__ = ["AsyncRunConfigSchema", "RunConfigSchemaFacts"]


class RunConfigSchemaFacts:
    """What the run config of a job may be.

    Parameters
    ----------
    address
        The job.
    record
        The server's ``RunConfigSchema``.
    """

    def __init__(self, address: JobAddress, record: dict[str, Any]):
        self._address = address
        self._record = record

    @property
    def job_name(self) -> str:
        """The job's name."""
        return self._address.job

    @property
    def location(self) -> str:
        """The job's code location."""
        return self._address.location

    @property
    def repository(self) -> str:
        """The job's repository."""
        return self._address.repository

    @property
    def default_yaml(self) -> str:
        """The YAML text that a launchpad starts from, with all defaults (``RunConfigSchema.rootDefaultYaml``)."""
        return str(self._record["rootDefaultYaml"])

    @property
    def fields(self) -> pd.DataFrame:
        """The fields that a run config may have, outer ones before those inside them.

        =========== ====== ====================================================================================
        column      dtype  from (``ConfigTypeField``)
        =========== ====== ====================================================================================
        path        string names joined with dots; ``[]`` stands for the items of a list, ``*`` for a map's keys
        type        string ``configType``: ``Int?`` may be null, ``[Int]`` is a list, ``(A | B)`` one of several; a
                    ``Shape`` has the fields that follow, a ``Selector`` exactly one of them, a ``Permissive``
                    these and any others
        required    bool   ``isRequired``: must be given where the field around it is; False for a selector's
        default     string ``defaultValueAsJson``; NA if there is none
        description string ``description``
        =========== ====== ====================================================================================

        Examples
        --------
        >>> schema = client.run_config_schema("nightly")  # doctest: +SKIP
        >>> schema.fields.query("required")  # doctest: +SKIP
        """
        return config_fields_frame(self._record)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.job_name}: {len(self.fields)} fields>"

    def _repr_html_(self) -> str:
        required = self.fields.query("required")["path"]
        return facts_html(
            "Run config",
            {
                "job": self.job_name,
                "location": self.location,
                "repository": self.repository,
                "required": ", ".join(required) or "nothing",
                "default": self.default_yaml.strip() or "nothing",
            },
        )


class AsyncRunConfigSchema(RunConfigSchemaFacts):
    """What the run config of a job may be, from an `AsyncDagsterClient`.

    Parameters
    ----------
    client
        The client that it came from.
    address
        The job.
    record
        The server's ``RunConfigSchema``.
    """

    def __init__(self, client: AsyncBase, address: JobAddress, record: dict[str, Any]):
        super().__init__(address, record)
        self._client = client

    async def validate(
        self, config: Mapping[str, Any] | str | None, *, op_selection: str | Iterable[str] | None = None
    ) -> list[ConfigProblem]:
        """Check a run config against the job, without launching anything (``isPipelineConfigValid``).

        Parameters
        ----------
        config
            A dict, or YAML or JSON text; None means an empty one.
        op_selection
            The ops that are to run, in Dagster's selection syntax; None means all.

        Returns
        -------
        list of ConfigProblem
            What is wrong, each with path, reason and message; empty if the config is valid.

        Raises
        ------
        RunConfigInvalidError
            If the text does not parse, or is not a mapping.
            If the job has no such op, likewise.
        JobNotFoundError
            If the job has gone meanwhile.

        Examples
        --------
        >>> client.run_config_schema("nightly").validate("ops: {load: {config: {rows: many}}}")  # doctest: +SKIP
        """
        selector: dict[str, Any] = self._address.selector
        if ops := as_strings(op_selection, "op_selection"):
            selector["solidSelection"] = list(ops)
        variables = {"selector": selector, "runConfig": parse_run_config(config)}
        answer = await self._client._read("validate_run_config", variables)
        node = unwrap(answer["isPipelineConfigValid"], "PipelineConfigValidationValid", "RunConfigValidationInvalid")
        return config_problems(node) if node["__typename"] == "RunConfigValidationInvalid" else []
