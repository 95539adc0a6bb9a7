"""What to launch: the arguments of ``launch``, checked before anything is sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from dagster_nb.client.config import parse_run_config
from dagster_nb.client.jobs import check_names
from dagster_nb.filters import as_strings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Launch", "tag_list", "text_tags"]


@dataclass(frozen=True, slots=True)
class Launch:
    """A launch that could be sent as it is.

    Parameters
    ----------
    job, run_config, tags, partition_key, location, repository
        As in `DagsterClient.launch`, read.
    ops, assets
        The selections; None means all, and none of them is empty.
    """

    job: str
    run_config: dict[str, Any] | None
    tags: dict[str, str]
    ops: tuple[str, ...] | None
    assets: tuple[str, ...] | None
    partition_key: str | None
    location: str | None
    repository: str | None

    @classmethod
    def of(
        cls,
        *,
        job: str,
        run_config: Mapping[str, Any] | str | None = None,
        tags: Mapping[str, str] | None = None,
        op_selection: str | Iterable[str] | None = None,
        asset_selection: str | Iterable[str] | None = None,
        partition_key: str | None = None,
        location: str | None = None,
        repository: str | None = None,
    ) -> Self:
        """Read the arguments of `DagsterClient.launch`.

        Raises
        ------
        TypeError, ValueError
            If an argument cannot be meant; an empty selection above all, which the server would take for everything.
        RunConfigInvalidError
            If the config is a text that does not parse.

        Examples
        --------
        >>> Launch.of(job="nightly", op_selection="load").ops
        ('load',)
        """
        check_names(job, location=location, repository=repository)
        if partition_key is not None and not isinstance(partition_key, str):
            raise TypeError(f"partition_key takes a key such as '2026-01-31', not {partition_key!r}.")
        return cls(
            job=job,
            run_config=None if run_config is None else parse_run_config(run_config),
            tags=text_tags(tags),
            ops=_selection(op_selection, "op_selection"),
            assets=_selection(asset_selection, "asset_selection"),
            partition_key=partition_key,
            location=location,
            repository=repository,
        )


def _selection(names: str | Iterable[str] | None, argument: str) -> tuple[str, ...] | None:
    selected = as_strings(names, argument)
    if selected == ():
        raise ValueError(f"{argument} is empty, so there is nothing to launch; leave it out to launch all.")
    return selected


def text_tags(tags: Mapping[str, str] | None) -> dict[str, str]:
    """Return tags as a dict of texts.

    Raises
    ------
    TypeError
        If they are anything else.

    Examples
    --------
    >>> text_tags({"team": "data"})
    {'team': 'data'}
    """
    if tags is None:
        return {}
    if not hasattr(tags, "items"):
        raise TypeError(f'tags takes a dict such as {{"team": "data"}}, not {type(tags).__name__}.')
    for key, value in tags.items():
        if not isinstance(key, str) or not isinstance(value, str) or not key:
            raise TypeError(f"a tag is a text with a text as its key, not {key!r}: {value!r}.")
    return dict(tags)


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Return tags as the schema's ``ExecutionTag`` inputs.

    Examples
    --------
    >>> tag_list({"team": "data"})
    [{'key': 'team', 'value': 'data'}]
    """
    return [{"key": key, "value": value} for key, value in tags.items()]
