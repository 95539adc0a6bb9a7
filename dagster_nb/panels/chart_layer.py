"""``ChartLayer``: an invisible layer over the picture of a chart, which makes the chart interactive.

The browser receives the positions of all marks together with the picture. Hovering therefore works even while the
kernel is busy, and the picture remains an ordinary image.

The alternative was ipympl, which shows a figure that stays open in the kernel. It sends every pointer movement to the
kernel, so a tooltip would need a round trip, and would not appear while a cell runs. Each chart would also keep its
figure in memory, and would be a canvas that neither the keyboard nor a screen reader can use. ipympl adds panning and
zooming, but these charts do not need them, because a drag filters the runs. For these reasons, this package does not
use ipympl.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import anywidget
import ipywidgets as widgets
import traitlets

from dagster_nb.panels.viewport import STATIC
from dagster_nb.statuses import status_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from dagster_nb.panels.background import Background
    from dagster_nb.panels.chart_pixels import ChartPixels

__all__ = ["ChartLayer", "ChartTexts", "chart_box"]


@dataclass(frozen=True)
class ChartTexts:
    """The text that a layer shows for each mark of a chart, and the names that a click can filter by.

    Parameters
    ----------
    label
        The name of the chart, for screen readers.
    ids, names, statuses
        The id, the name and the status of each mark.
    fields
        The other lines of the tooltip. Each line has a name, and a value for each mark.
    groups
        The names of the groups that a click can filter by. Other lanes and lines only show their name.
    legend
        The entries of the legend that a click can filter by.
    hints
        Descriptions of the effect of a click, with the keys ``"mark"``, ``"group"`` and ``"legend"``.
    """

    label: str
    ids: Sequence[str] = ()
    names: Sequence[str] = ()
    statuses: Sequence[str] = ()
    fields: Mapping[str, Sequence[str]] = field(default_factory=dict)
    groups: Collection[str] = ()
    legend: Collection[str] = ()
    hints: Mapping[str, str] = field(default_factory=dict)


class ChartLayer(anywidget.AnyWidget):
    """The layer in the browser, which finds the mark under the pointer without a request to the kernel.

    Attributes
    ----------
    chart : dict
        The chart's size, lanes, lines and buttons, and the labels of its marks. Empty if there is no chart.
    marks, lines : bytes
        `ChartPixels.marks` and `ChartPixels.line_points`.
    can_go_back : bool
        Whether the Escape key can undo a change.
    """

    _esm = "\n".join((STATIC / name).read_text("utf-8") for name in ("chart_positions.js", "chart_layer.js"))

    chart: Any = traitlets.Dict().tag(sync=True)
    marks = traitlets.Bytes().tag(sync=True)
    lines = traitlets.Bytes().tag(sync=True)
    can_go_back = traitlets.Bool(default_value=False).tag(sync=True)

    def __init__(self, background: Background) -> None:
        super().__init__()
        self._background = background
        self._pixels: ChartPixels | None = None
        self._number = 0
        self._actions: dict[str, Callable[..., object]] = {}
        self.on_msg(self._receive)

    def show(self, pixels: ChartPixels, texts: ChartTexts, *, is_draggable: bool = False) -> None:
        """Set the marks and labels of another picture.

        Parameters
        ----------
        pixels
            The positions of the marks in the picture.
        texts
            The text to show for each mark.
        is_draggable
            Whether users can drag along the x axis to choose a range.
        """
        self._pixels = pixels
        self._number += 1
        with self.hold_sync():
            self.marks = pixels.marks.tobytes()
            self.lines = pixels.line_points.tobytes()
            self.chart = {
                "number": self._number,
                "size": [pixels.width, pixels.height],
                "plot": pixels.plot,
                "lanes": pixels.lanes,
                "lines": pixels.line_names,
                "buttons": _buttons(pixels, texts),
                "draggable": is_draggable,
                "periods": pixels.periods is not None,
                "steps": pixels.x_axis == "elapsed",
                **_texts_json(texts),
            }

    def hide(self) -> None:
        """Disable the layer, because there is no chart."""
        self._pixels = None
        with self.hold_sync():
            self.chart, self.marks, self.lines = {}, b"", b""

    def on_action(self, name: str, act: Callable[..., object]) -> None:
        """Call a function in the kernel's thread after a user action.

        Parameters
        ----------
        name
            The action: ``"mark"`` or, in a chart of periods, ``"period"`` (the argument of the function is an id),
            ``"group"`` or ``"legend"`` (the argument is a name), ``"range"`` (the arguments are the values of the x
            axis at the start and end of the range), or ``"back"``.
        act
            The function.
        """
        self._actions[name] = act

    def _receive(self, _layer: object, content: Mapping[str, Any], _buffers: object) -> None:
        name, *arguments = content["action"]
        if name == "range":
            # The picture may have been replaced since the user clicked or dragged.
            if self._pixels is None or content.get("number") != self._number:
                return
            arguments = sorted(self._pixels.x_value(x) for x in arguments)
        act = self._actions.get(name)
        if act is not None:
            self._background.call(partial(act, *arguments))
        if name == "range":
            # Until this message arrives, the browser shows an enlarged part of the old picture.
            self._background.call(lambda: self.send({"done": name}))


def chart_box(picture: Any, layer: ChartLayer) -> Any:  # noqa: ANN401 - ipywidgets has no types
    """Return a box with a picture and a layer on top of it."""
    box = widgets.Box([picture, layer], layout=widgets.Layout(width="100%", overflow="visible"))
    box.add_class("dnb-chart")
    return box


def _buttons(pixels: ChartPixels, texts: ChartTexts) -> list[dict[str, Any]]:
    """Return the names in the picture that users can click in order to filter."""
    found = [("group", name, box) for name, box in pixels.group_labels if name in texts.groups]
    found += [("legend", name, box) for name, box in pixels.legend if name in texts.legend]
    return [{"action": [kind, name], "box": box, "hint": f"{texts.hints[kind]} {name}"} for kind, name, box in found]


def _texts_json(texts: ChartTexts) -> dict[str, Any]:
    statuses = list(dict.fromkeys(texts.statuses))
    codes = {status: code for code, status in enumerate(statuses)}
    known = [status_of(status) for status in statuses]
    return {
        "label": texts.label,
        "ids": list(texts.ids),
        "names": list(texts.names),
        "statuses": [[name, one.name, one.symbol] for name, one in zip(statuses, known, strict=True)],
        "codes": [codes[status] for status in texts.statuses],
        "fields": [[name, list(values)] for name, values in texts.fields.items()],
        "groups": sorted(texts.groups),
        "hints": dict(texts.hints),
    }
