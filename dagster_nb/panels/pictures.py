"""Charts as PNG images in HTML, drawn without pyplot so that no figure stays in memory."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from dagster_nb.panels.markup import attribute
from dagster_nb.plot import theme

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.axes import Axes

__all__ = ["image", "png"]

_DPI = 100
# This resolution is sharp on screens with a high pixel density, and still fast to draw.
_SCALE = 1.5


def png(
    draw: Callable[[Axes], object], *, width: int, height: int, dark: bool = False, background: str = "none"
) -> bytes:
    """Return a chart as a PNG.

    Parameters
    ----------
    draw
        Draws on the given axes.
    width, height
        The size in CSS pixels.
    dark
        Whether the page is dark.
    background
        The background colour; ``"none"`` is transparent.
    """
    settings: Any = theme("dark" if dark else "light", background=background)
    with mpl.rc_context(settings):
        figure = Figure(figsize=(width / _DPI, height / _DPI), dpi=_DPI * _SCALE, layout="constrained")
        canvas = FigureCanvasAgg(figure)
        draw(figure.subplots())
        # savefig would draw everything twice: once for the layout, and once for the file.
        canvas.draw()  # type: ignore[no-untyped-call]
    out = io.BytesIO()
    # The compression is fast rather than strong, because the image is only sent to the browser.
    pixels = np.asarray(canvas.buffer_rgba())  # type: ignore[no-untyped-call]
    Image.fromarray(pixels).save(out, format="png", compress_level=1)
    return out.getvalue()


def image(draw: Callable[[Axes], object], *, alt: str, width: int, height: int, **options: Any) -> str:  # noqa: ANN401
    """Return a chart as an ``<img>`` element.

    Parameters
    ----------
    draw
        Draws on the given axes.
    alt
        A description of the chart, as plain text.
    width, height
        The size in CSS pixels.
    options
        ``dark`` and ``background``, as in `png`.
    """
    data = base64.b64encode(png(draw, width=width, height=height, **options)).decode()
    return (
        f'<div class="dnb-picture"><img alt="{attribute(alt)}" width="{width}" height="{height}" '
        f'src="data:image/png;base64,{data}"></div>'
    )
