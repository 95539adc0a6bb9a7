"""The classes that represent the run config schema of a job."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagster_nb.client.arguments.run_config import parse_run_config
from dagster_nb.client.display.html import facts_html
from dagster_nb.filters import as_strings
from dagster_nb.frames.config_fields import config_fields_frame
from dagster_nb.graphql.responses import config_problems, unwrap
from dagster_nb.terminal_text import terminal_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from dagster_nb.client.arguments.job_address import JobAddress
    from dagster_nb.client.arguments.run_config import RunConfigLike
    from dagster_nb.client.async_base import AsyncBase
    from dagster_nb.errors import ConfigProblem

__all__ = ["AsyncRunConfigSchema", "RunConfigSchemaFacts"]


class RunConfigSchemaFacts:
    """The schema of the run config of a job.

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
        """The initial YAML of a launchpad, with all defaults (``RunConfigSchema.rootDefaultYaml``)."""
        return str(self._record["rootDefaultYaml"])

    @property
    def fields(self) -> pd.DataFrame:
        """The fields of a run config. Each field comes before its nested fields.

        =========== ====== ====================================================================================
        column      dtype  from (``ConfigTypeField``)
        =========== ====== ====================================================================================
        path        string names joined with dots; ``[]`` means the items of a list, ``*`` the keys of a map
        type        string ``configType``: ``Int?`` may be null, ``[Int]`` is a list, ``(A | B)`` is one of several;
                    a ``Shape`` has the fields that follow, a ``Selector`` exactly one of them, a ``Permissive``
                    these and any other fields
        required    bool   ``isRequired``: it is required if the enclosing field is given; False in a selector
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
        return terminal_text(f"<{type(self).__name__} of {self.job_name}: {len(self.fields)} fields>")

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
    """The schema of the run config of a job, from an `AsyncDagsterClient`.

    Parameters
    ----------
    client
        The client that the schema comes from.
    address
        The job.
    record
        The server's ``RunConfigSchema``.
    """

    def __init__(self, client: AsyncBase, address: JobAddress, record: dict[str, Any]):
        super().__init__(address, record)
        self._client = client

    async def validate(
        self, config: RunConfigLike | None, *, op_selection: str | Iterable[str] | None = None
    ) -> list[ConfigProblem]:
        """Check whether a run config fits the job, without launching anything (``isPipelineConfigValid``).

        Parameters
        ----------
        config
            A dict, Dagster's ``RunConfig``, or YAML or JSON text; None means an empty config.
        op_selection
            The ops to run, in Dagster's selection syntax; None means all.

        Returns
        -------
        list of ConfigProblem
            The problems, each with path, reason and message; empty if the config is valid.

        Raises
        ------
        RunConfigInvalidError
            If the text cannot be parsed or is not a mapping, or if the job has no such op.
        JobNotFoundError
            If the job no longer exists.

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
