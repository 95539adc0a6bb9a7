"""The filters, as things to click and to type into."""

from __future__ import annotations

from collections import Counter
from itertools import chain
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from dagster_nb.frames.columns import RUN_STATUSES
from dagster_nb.panels.explorer.filters import RunFilters, parse_duration
from dagster_nb.panels.markup import MARKS, number, text
from dagster_nb.panels.stage import dispose
from dagster_nb.panels.suggest import Suggest
from dagster_nb.times import to_seconds

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from dagster_nb.panels.explorer.model import ExplorerModel

__all__ = ["FilterBar"]

_PRESETS = (("1 h", "1h"), ("24 h", "24h"), ("7 d", "7d"), ("30 d", "30d"), ("all", ""), ("custom", "custom"))
_MOST_SUGGESTIONS = 300
_LONGEST_LABEL = 60


class FilterBar:
    """Draws the filters, and tells the model what a person chose.

    Parameters
    ----------
    model
        Whose filters.
    """

    def __init__(self, model: ExplorerModel):
        self._model = model
        self._drawing = False
        self._tags_seen: tuple[int, dict[str, Counter[str]]] = (0, {})
        self._chips: dict[str, Any] = {}
        self._statuses = self._row()
        self._job = Suggest(name="Job", placeholder="any")
        self._location = Suggest(name="Location", placeholder="any")
        self._key = Suggest(name="Tag", placeholder="key")
        self._value = Suggest(name="=", placeholder="value")
        self._add = widgets.Button(description="Add tag", layout=widgets.Layout(width="auto"))
        self._range = widgets.ToggleButtons(options=_PRESETS, value="", style={"button_width": "auto"})
        self._after = self._text("from", "2026-01-31 or 12h", width="190px")
        self._before = self._text("to", "now", width="170px")
        self._custom = self._row(self._after, self._before)
        self._run_id = self._text("Run id", "part of an id", width="190px")
        self._least = self._text("Duration at least", "10 min", width="190px")
        self._most = self._text("at most", "2 h", width="140px")
        self._unresolved = widgets.Checkbox(
            description="only unresolved failures", indent=False, layout=widgets.Layout(width="auto")
        )
        self._clear = widgets.Button(description="Clear all", layout=widgets.Layout(width="auto"))
        self._chosen = self._row()
        self._problem = widgets.HTML()
        self.widget: Any = widgets.VBox(
            [
                self._row(widgets.HTML('<span class="dnb-muted">Created</span>'), self._range, self._custom),
                self._statuses,
                self._row(self._job, self._location, self._key, self._value, self._add),
                self._row(self._run_id, self._least, self._most, self._unresolved, self._clear),
                self._problem,
                self._chosen,
            ],
            layout=widgets.Layout(width="100%", overflow="visible"),
        )
        self.widget.add_class("dnb-section")
        self._listen()

    def draw(self) -> None:
        """Draw the filters as the model has them."""
        filters = self._model.filters
        self._drawing = True
        try:
            self._draw_range(filters)
            for box, value in (
                (self._run_id, filters.run_id),
                (self._least, _spelled(filters.min_duration)),
                (self._most, _spelled(filters.max_duration)),
            ):
                if box.value != value and not (value and self._same(box, value)):
                    box.value = value
            self._unresolved.value = filters.unresolved
            self._draw_chosen(filters)
            self._clear.disabled = filters.is_empty
        finally:
            self._drawing = False
        self.draw_counts()

    def draw_counts(self) -> None:
        """Draw what there is to choose from, which depends on the runs in memory."""
        counts = self._model.counts()
        chosen = self._model.filters.status
        names = [*RUN_STATUSES, *(name for name in counts if name not in RUN_STATUSES)]
        shown = [name for name in names if counts.get(name) or name in (chosen or ())]
        self._drawing = True
        try:
            for name in shown:
                if name not in self._chips:
                    self._chips[name] = self._chip(name)
                chip = self._chips[name]
                chip.description = f"{MARKS.get(name, '✱')} {name} {number(counts.get(name, 0))}"
                chip.value = name in (chosen or ())
            children = [self._chips[name] for name in shown]
            if list(self._statuses.children) != children:
                self._statuses.children = children
            self._draw_suggestions()
        finally:
            self._drawing = False

    # How it is drawn

    @staticmethod
    def _row(*children: Any) -> Any:  # noqa: ANN401 - widgets
        row = widgets.HBox(list(children), layout=widgets.Layout(overflow="visible"))
        row.add_class("dnb-wrap")
        return row

    @staticmethod
    def _text(name: str, placeholder: str, *, width: str) -> Any:  # noqa: ANN401
        return widgets.Text(
            description=name, placeholder=placeholder, continuous_update=False, layout=widgets.Layout(width=width)
        )

    def _chip(self, name: str) -> Any:  # noqa: ANN401
        chip = widgets.ToggleButton(layout=widgets.Layout(width="auto"), tooltip=f"show runs that are {name}")
        chip.add_class("dnb-chip")
        chip.add_class(f"dnb-hue-{name if name in MARKS else 'unknown'}")
        chip.observe(lambda _change: self._choose_statuses(), names="value")
        return chip

    def _draw_range(self, filters: RunFilters) -> None:
        presets = {value for _, value in _PRESETS} - {"custom"}
        after = filters.created_after
        preset = after if isinstance(after, str) and after in presets else ("" if after is None else "custom")
        if filters.created_before is not None:
            preset = "custom"
        if self._range.value != preset and not (self._range.value == "custom" and preset == ""):
            self._range.value = preset
        self._custom.layout.display = "" if self._range.value == "custom" else "none"
        if preset == "custom":
            self._after.value = "" if after is None else str(after)
            self._before.value = "" if filters.created_before is None else str(filters.created_before)

    def _draw_chosen(self, filters: RunFilters) -> None:
        chosen: list[tuple[str, Callable[[], None]]] = []
        for name, word in (("job", "job"), ("location", "location"), ("run_ids", "run")):
            chosen.extend((f"{word}: {value}", self._remover(name, value)) for value in getattr(filters, name) or ())
        for key, values in filters.tags:
            chosen.extend((f"{key}: {value}", self._tag_remover(key, value)) for value in values)
        buttons = []
        for words, remove in chosen:
            label = words if len(words) <= _LONGEST_LABEL else f"{words[:_LONGEST_LABEL]}…"
            button = widgets.Button(
                description=f"{label} ✕", tooltip=f"remove {words}", layout=widgets.Layout(width="auto")
            )
            button.add_class("dnb-remove")
            button.on_click(lambda _button, remove=remove: remove())
            buttons.append(button)
        old = self._chosen.children
        if [button.tooltip for button in old] != [button.tooltip for button in buttons]:
            self._chosen.children = buttons
        else:
            old = tuple(buttons)
        dispose(list(old))
        self._chosen.layout.display = "" if chosen else "none"

    def _draw_suggestions(self) -> None:
        frame = self._model.store.frame
        for box, column in ((self._job, "job_name"), (self._location, "location")):
            self._offer(box, sorted(frame[column].dropna().unique()))
        # Reading every tag takes a while; new ones are worth it only when there are many more runs.
        count, _ = self._tags_seen
        if len(frame) > count * 1.2 or len(frame) < count:
            seen: dict[str, Counter[str]] = {}
            for key, value in chain.from_iterable(tags.items() for tags in frame["tags"]):
                seen.setdefault(key, Counter())[value] += 1
            self._tags_seen = (len(frame), seen)
        self._offer(self._key, sorted(self._tags_seen[1]))
        self._offer_values()

    def _offer_values(self) -> None:
        values = self._tags_seen[1].get(self._key.value, Counter())
        self._offer(self._value, [value for value, _ in values.most_common(_MOST_SUGGESTIONS)])

    @staticmethod
    def _offer(box: Any, options: list[str]) -> None:  # noqa: ANN401
        offered = options[:_MOST_SUGGESTIONS]
        if box.options != offered:
            box.options = offered

    def _same(self, box: Any, value: str) -> bool:  # noqa: ANN401
        try:
            return parse_duration(box.value) == parse_duration(value)
        except ValueError:
            return False

    # What a person does

    def _listen(self) -> None:
        for box, name in ((self._job, "job"), (self._location, "location")):
            box.observe(lambda change, box=box, name=name: self._choose(box, name, change["new"]), names="value")
        self._key.observe(lambda _change: self._offer_values(), names="value")
        self._value.observe(lambda change: self._add_tag() if change["new"] else None, names="value")
        self._add.on_click(lambda _button: self._add_tag())
        self._range.observe(lambda change: self._choose_range(change["new"]), names="value")
        for box in (self._after, self._before):
            box.observe(lambda _change: self._choose_times(), names="value")
        self._run_id.observe(lambda change: self._say(run_id=change["new"].strip()), names="value")
        self._least.observe(lambda change: self._choose_duration("min_duration", change["new"]), names="value")
        self._most.observe(lambda change: self._choose_duration("max_duration", change["new"]), names="value")
        self._unresolved.observe(lambda change: self._say(unresolved=change["new"]), names="value")
        self._clear.on_click(lambda _button: self.clear())

    def clear(self) -> None:
        """Take all filters away."""
        self._complain("")
        self._model.set_filters(RunFilters())
        self._drawing = True
        try:
            for box in (self._job, self._location, self._key, self._value, self._least, self._most, self._run_id):
                box.value = ""
            self._range.value = ""
            self._custom.layout.display = "none"
        finally:
            self._drawing = False

    def _say(self, **changes: Any) -> None:  # noqa: ANN401 - the fields of RunFilters
        if not self._drawing:
            self._complain("")
            self._model.change(**changes)

    def _complain(self, words: str) -> None:
        self._problem.value = f'<span role="alert">✖ {text(words)}</span>' if words else ""

    def _choose_statuses(self) -> None:
        chosen = tuple(name for name, chip in self._chips.items() if chip.value)
        self._say(status=chosen or None)

    def _choose(self, box: Any, name: str, words: str) -> None:  # noqa: ANN401
        words = words.strip()
        if not words or self._drawing:
            return
        if words not in box.options:
            near = [option for option in box.options if words.lower() in option.lower()]
            words = near[0] if len(near) == 1 else words
        chosen = getattr(self._model.filters, name) or ()
        box.value = ""
        self._say(**{name: tuple(dict.fromkeys([*chosen, words]))})

    def _remover(self, name: str, value: str) -> Callable[[], None]:
        def remove() -> None:
            left = tuple(one for one in getattr(self._model.filters, name) or () if one != value)
            self._say(**{name: left or None})

        return remove

    def _add_tag(self) -> None:
        key, value = self._key.value.strip(), self._value.value
        if self._drawing or not key or not value:
            return
        tags = dict(self._model.filters.tags)
        tags[key] = tuple(dict.fromkeys([*tags.get(key, ()), value]))
        self._key.value = self._value.value = ""
        self._say(tags=tuple(tags.items()))

    def _tag_remover(self, key: str, value: str) -> Callable[[], None]:
        def remove() -> None:
            tags = dict(self._model.filters.tags)
            left = tuple(one for one in tags.get(key, ()) if one != value)
            tags = {**tags, key: left} if left else {name: values for name, values in tags.items() if name != key}
            self._say(tags=tuple(tags.items()))

        return remove

    def _choose_range(self, preset: str) -> None:
        if self._drawing:
            return
        self._custom.layout.display = "" if preset == "custom" else "none"
        if preset != "custom":
            self._say(created_after=preset or None, created_before=None)

    def _choose_times(self) -> None:
        if self._drawing:
            return
        bounds = {}
        for name, box in (("created_after", self._after), ("created_before", self._before)):
            words = box.value.strip()
            try:
                to_seconds(words or None, "the time")
            except ValueError as error:
                self._complain(str(error))
                return
            bounds[name] = words or None
        self._say(**bounds)

    def _choose_duration(self, name: str, words: str) -> None:
        if self._drawing:
            return
        try:
            length = parse_duration(words)
        except ValueError as error:
            self._complain(str(error))
            return
        self._say(**{name: length})


def _spelled(length: pd.Timedelta | None) -> str:
    if length is None:
        return ""
    seconds = length.total_seconds()
    for size, unit in ((3600, "h"), (60, "min")):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g} {unit}"
    return f"{seconds:g} s"
