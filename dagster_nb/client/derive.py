"""Deriving the synchronous classes from the asynchronous ones, a line a method.

``runs = sync(AsyncDagsterClient.runs)`` gives the synchronous class a method with the signature and the docstring of
the coroutine; a type checker sees ``Run`` where the coroutine gives `AsyncRun`, and an iterator where it gives an
asynchronous one.
"""

from __future__ import annotations

import functools
import inspect
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, Protocol, TypeVar, cast, overload

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Iterator

    from dagster_nb.client.config_schema import AsyncRunConfigSchema
    from dagster_nb.client.run import AsyncRun
    from dagster_nb.client.sync import Run, RunConfigSchema

__all__ = ["Method", "Synchronous", "sync"]

P = ParamSpec("P")
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Synchronous(Protocol):
    """What a derived class must offer: how it runs a coroutine, and how it shows what comes back."""

    def _call(self, method: Callable[..., Coroutine[Any, Any, Any]], *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        """Run a coroutine function of the asynchronous twin and wait for its result."""

    def _iterate(self, method: Callable[..., AsyncIterator[Any]], *args: Any, **kwargs: Any) -> Iterator[Any]:  # noqa: ANN401
        """Run an asynchronous iterator of the asynchronous twin, a step at a time."""


class Method(Generic[P, T_co]):
    """How a type checker sees a derived method: called on an instance, it takes the coroutine's own arguments.

    At run time a derived method is a plain function, so that ``help`` and completion show it like any other.
    """

    def __get__(self, instance: object, owner: type | None = None) -> Callable[P, T_co]:
        """Return the method bound to an instance."""
        raise NotImplementedError  # pragma: no cover  (never made; see the docstring)


@overload
def sync(method: Callable[Concatenate[Any, P], AsyncIterator[T]]) -> Method[P, Iterator[T]]: ...
@overload
def sync(method: Callable[Concatenate[Any, P], Coroutine[Any, Any, AsyncRun]]) -> Method[P, Run]: ...
@overload
def sync(
    method: Callable[Concatenate[Any, P], Coroutine[Any, Any, AsyncRunConfigSchema]],
) -> Method[P, RunConfigSchema]: ...
@overload
def sync(method: Callable[Concatenate[Any, P], Coroutine[Any, Any, T]]) -> Method[P, T]: ...
def sync(method: Callable[..., Any]) -> Any:
    """Return the synchronous form of a method.

    Parameters
    ----------
    method
        A method of the asynchronous class: a coroutine function, or one that returns an ``AsyncIterator``.
    """
    signature = inspect.signature(method)
    if str(signature.return_annotation).startswith("AsyncIterator["):

        @functools.wraps(method)
        def derived(self: Synchronous, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
            return self._iterate(method, *args, **kwargs)

    else:

        @functools.wraps(method)
        def derived(self: Synchronous, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
            return self._call(method, *args, **kwargs)

    returned = _SYNCHRONOUS_NAMES.get(str(signature.return_annotation), signature.return_annotation)
    cast("Any", derived).__signature__ = signature.replace(return_annotation=returned)
    derived.__annotations__ = {**method.__annotations__, "return": returned}
    return derived


_SYNCHRONOUS_NAMES = {
    "AsyncRun": "Run",
    "AsyncRunConfigSchema": "RunConfigSchema",
    "AsyncIterator[pd.DataFrame]": "Iterator[pd.DataFrame]",
}
