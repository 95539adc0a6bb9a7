"""Check the keyword arguments that a chart passes on to matplotlib."""

from __future__ import annotations

import inspect
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from matplotlib.artist import ArtistInspector
from matplotlib.cbook import normalize_kwargs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

__all__ = ["artist_options"]


def artist_options(chart: Callable[..., Axes], artist: type[Artist], keywords: Mapping[str, object]) -> dict[str, Any]:
    """Check the additional keyword arguments of a chart, and replace short names of properties with their full names.

    Parameters
    ----------
    chart
        The chart function that was called.
    artist
        The matplotlib class that has the properties.
    keywords
        The keyword arguments. Matplotlib's short names, such as ``lw``, are also allowed.

    Raises
    ------
    TypeError
        If the artist does not have a property with the name of a keyword argument.
    """
    options: dict[str, Any] = normalize_kwargs(dict(keywords), artist)
    unknown = options.keys() - _properties(artist) if options else ()
    for name in unknown:
        raise TypeError(_message(chart, artist, name))
    return options


def _properties(artist: type[Artist]) -> list[str]:
    return ArtistInspector(artist).get_setters()


def _message(chart: Callable[..., Axes], artist: type[Artist], name: str) -> str:
    arguments = [
        parameter.name
        for parameter in inspect.signature(chart).parameters.values()
        if parameter.kind is parameter.KEYWORD_ONLY
    ]
    near = get_close_matches(name, [*arguments, *_properties(artist)], n=1)
    return (
        f"{chart.__name__}() got an unexpected keyword argument {name!r}"
        f".{f' Did you mean {near[0]!r}?' if near else ''} Use one of {', '.join(arguments)}, "
        f"or a property of {artist.__module__}.{artist.__name__}, such as alpha."
    )
