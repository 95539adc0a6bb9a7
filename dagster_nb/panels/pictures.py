"""Draw charts as PNG images in HTML. Pyplot is not used, because it would keep the figures in memory."""

from __future__ import annotations

import base64
import io
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from dagster_nb.panels.chart_pixels import ChartPixels, chart_pixels
from dagster_nb.panels.markup import attribute
from dagster_nb.plot import theme

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.axes import Axes

__all__ = ["Picture", "draw_picture", "image", "picture_html"]

_DPI = 100
# A picture with this resolution looks sharp on screens with a high pixel density, but is still fast to draw.
_SCALE = 1.5


@dataclass(frozen=True)
class Picture:
    """A chart as a picture.

    Parameters
    ----------
    png
        The picture in PNG format.
    width, height
        The size in CSS pixels.
    pixels
        The positions of the marks, or None if the chart has no `dagster_nb.plot.chart_index`.
    """

    png: bytes
    width: int
    height: int
    pixels: ChartPixels | None


def draw_picture(
    draw: Callable[[Axes], object], *, width: int, height: int, dark: bool = False, background: str = "none"
) -> Picture:
    """Draw a chart.

    Parameters
    ----------
    draw
        A function that draws on axes.
    width, height
        The size in CSS pixels.
    dark
        Whether the page has a dark theme.
    background
        The background color, or ``"none"`` for a transparent background.
    """
    settings: Any = theme("dark" if dark else "light", background=background)
    # Hinting fits letters to the pixels of the picture. The browser scales the picture, so it would only take time.
    with mpl.rc_context({**settings, "text.hinting": "none"}):
        figure = Figure(figsize=(width / _DPI, height / _DPI), dpi=_DPI * _SCALE, layout="constrained")
        canvas = FigureCanvasAgg(figure)
        ax = figure.subplots()
        draw(ax)
        # Do not use savefig, because it would draw everything twice: once for the layout and once for the file.
        canvas.draw()  # type: ignore[no-untyped-call]
        pixels = chart_pixels(ax, scale=_SCALE)
    colors = np.asarray(canvas.buffer_rgba())  # type: ignore[no-untyped-call]
    out = io.BytesIO()
    # Sequences of equal pixels compress fastest, and a chart consists mostly of areas of one color.
    Image.fromarray(colors).save(out, format="png", compress_level=1, compress_type=zlib.Z_RLE)
    return Picture(out.getvalue(), width, height, pixels)


def image(draw: Callable[[Axes], object], *, alt: str, width: int, height: int, **options: Any) -> str:  # noqa: ANN401
    """Draw a chart, and return it as an ``<img>`` element.

    Parameters
    ----------
    draw
        A function that draws on axes.
    alt
        A description of the chart, as plain text.
    width, height
        The size in CSS pixels.
    options
        The options ``dark`` and ``background`` of `draw_picture`.
    """
    return picture_html(draw_picture(draw, width=width, height=height, **options), alt)


def picture_html(picture: Picture, alt: str) -> str:
    """Return a picture as an ``<img>`` element, with a description as plain text."""
    data = base64.b64encode(picture.png).decode()
    return (
        f'<div class="dnb-picture"><img alt="{attribute(alt)}" width="{picture.width}" height="{picture.height}" '
        f'src="data:image/png;base64,{data}"></div>'
    )
