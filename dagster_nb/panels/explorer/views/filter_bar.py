"""``FilterBar``: buttons and fields for the filters.

The model contains the filters, and the fields show them. A handler changes the model only if the value of its field
differs from the model, so drawing a field never changes the model.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from dagster_nb.panels.explorer.filters import ExplorerFilters, parse_duration
from dagster_nb.panels.explorer.views.chosen_filters import ChosenFilters
from dagster_nb.panels.explorer.views.filter_suggestions import FilterSuggestions
from dagster_nb.panels.markup import text
from dagster_nb.panels.text_field import TextField
from dagster_nb.parse_time import to_seconds, with_zone
from dagster_nb.statuses import RUN_STATUSES, status_of
from dagster_nb.words import count_text

if TYPE_CHECKING:
    import pandas as pd

    from dagster_nb.panels.explorer.model import ExplorerModel
    from dagster_nb.panels.viewport import Viewport

__all__ = ["FilterBar"]

_CUSTOM = "custom"
_PRESETS = (("1 h", "1h"), ("24 h", "24h"), ("7 d", "7d"), ("30 d", "30d"), ("all", ""), (_CUSTOM, _CUSTOM))
_PRESET_VALUES = tuple(value for _, value in _PRESETS if value != _CUSTOM)


class FilterBar:
    """The buttons and fields for the filters.

    Parameters
    ----------
    model
        The explorer's model.
    viewport
        The panel's viewport, which provides the time zone. Times that users type are in this time zone.
    """

    def __init__(self, model: ExplorerModel, viewport: Viewport):
        self._model = model
        self._viewport = viewport
        self._chips: dict[str, Any] = {}
        self._wants_custom_range = False
        self._statuses = _row()
        self._job = TextField(name="Job", placeholder="any")
        self._location = TextField(name="Location", placeholder="any")
        self._tag_key = TextField(name="Tag", placeholder="key")
        self._tag_value = TextField(name="=", placeholder="value")
        self._add_tag_button = _button("Add tag")
        self._suggestions = FilterSuggestions(model, self._job, self._location, self._tag_key, self._tag_value)
        self._range = widgets.ToggleButtons(options=_PRESETS, value="", style={"button_width": "auto"})
        self._after = TextField(name="from", placeholder="2026-01-31 or 12h", width="150px")
        self._before = TextField(name="to", placeholder="now", width="150px")
        self._custom = _row(self._after, self._before)
        self._run_id = TextField(name="Run id", placeholder="part of an id", width="140px")
        self._min_duration = TextField(name="Duration at least", placeholder="10 min", width="85px")
        self._max_duration = TextField(name="at most", placeholder="2 h", width="85px")
        self._unresolved = widgets.Checkbox(
            description="only unresolved failures", indent=False, layout=widgets.Layout(width="auto")
        )
        self._clear = _button("Clear all")
        self._chosen = ChosenFilters(model)
        self._problem = widgets.HTML()
        self.widget: Any = widgets.VBox(
            [
                _row(widgets.HTML('<span class="dnb-muted">Created</span>'), self._range, self._custom),
                self._statuses,
                _row(self._job, self._location, self._tag_key, self._tag_value, self._add_tag_button),
                _row(self._run_id, self._min_duration, self._max_duration, self._unresolved, self._clear),
                self._problem,
                self._chosen.widget,
            ],
            layout=widgets.Layout(width="100%", overflow="visible"),
        )
        self.widget.add_class("dnb-section")
        self._listen()

    def clear(self) -> None:
        """Remove all filters and empty all fields."""
        self._wants_custom_range = False
        self._show_problem("")
        for field in (self._job, self._location, self._tag_key, self._tag_value):
            field.value = ""
        self._model.set_filters(ExplorerFilters())
        self.draw()

    def draw(self) -> None:
        """Draw the model's filters, except the statuses, which `draw_choices` draws together with their counts."""
        filters = self._model.filters
        self._show_problem("")
        self._draw_range(filters)
        _set_value(self._run_id, filters.run_id_contains)
        _set_duration(self._min_duration, filters.min_duration)
        _set_duration(self._max_duration, filters.max_duration)
        _set_value(self._unresolved, filters.only_unresolved)
        self._chosen.draw()
        self._clear.disabled = filters.is_empty

    def draw_choices(self) -> None:
        """Draw the statuses and suggestions that are available for the runs in memory."""
        counts = self._model.status_counts()
        chosen = self._model.filters.status or ()
        names = [*RUN_STATUSES, *(name for name in counts if name not in RUN_STATUSES)]
        for name in names:
            if name not in self._chips and (counts.get(name) or name in chosen):
                self._chips[name] = self._chip(name)
        for name, chip in self._chips.items():
            chip.description = f"{status_of(name).symbol} {name} {count_text(counts.get(name, 0))}"
            _set_value(chip, name in chosen)
        children = tuple(self._chips[name] for name in names if counts.get(name) or name in chosen)
        if self._statuses.children != children:
            self._statuses.children = children
        self._suggestions.draw()

    def _draw_range(self, filters: ExplorerFilters) -> None:
        shown = self._shown_range()
        _set_value(self._range, shown)
        self._custom.layout.display = "" if shown == _CUSTOM else "none"
        _set_value(self._after, str(filters.created_after or ""))
        _set_value(self._before, str(filters.created_before or ""))

    def _shown_range(self) -> str:
        """Return the time range to show. It is a preset, or custom if the user chose custom or no preset matches."""
        filters = self._model.filters
        after = filters.created_after or ""
        is_preset = after in _PRESET_VALUES and filters.created_before is None
        return str(after) if is_preset and not self._wants_custom_range else _CUSTOM

    def _chip(self, name: str) -> Any:  # noqa: ANN401
        chip = widgets.ToggleButton(layout=widgets.Layout(width="auto"), tooltip=f"show runs with status {name}")
        chip.add_class("dnb-chip")
        chip.add_class(f"dnb-hue-{status_of(name).name}")
        self._model.background.on_change(chip, partial(self._choose_status, name))
        return chip

    def _show_problem(self, message: str) -> None:
        self._problem.value = f'<span role="alert">✖ {text(message)}</span>' if message else ""

    # What users do

    def _listen(self) -> None:
        on_change, on_click = self._model.background.on_change, self._model.background.on_click
        on_change(self._job, partial(self._choose, self._job, "job"))
        on_change(self._location, partial(self._choose, self._location, "location"))
        on_change(self._tag_key, lambda _key: self._suggestions.draw_tag_values())
        on_change(self._tag_value, lambda value: self._add_tag() if value else None)
        on_click(self._add_tag_button, self._add_tag)
        on_change(self._range, self._choose_range)
        on_change(self._after, partial(self._choose_bound, "created_after"))
        on_change(self._before, partial(self._choose_bound, "created_before"))
        on_change(self._run_id, lambda part: self._change(run_id_contains=part.strip()))
        on_change(self._min_duration, partial(self._choose_duration, "min_duration"))
        on_change(self._max_duration, partial(self._choose_duration, "max_duration"))
        on_change(self._unresolved, lambda is_on: self._change(only_unresolved=is_on))
        on_click(self._clear, self.clear)

    def _change(self, **changes: Any) -> None:  # noqa: ANN401 - the fields of ExplorerFilters
        self._model.change_filters(**changes)

    def _choose_status(self, name: str, is_chosen: bool) -> None:  # noqa: FBT001 - the value of a button
        statuses = set(self._model.filters.status or ())
        if is_chosen != (name in statuses):
            statuses ^= {name}
            self._change(status=tuple(sorted(statuses, key=_status_order)) or None)

    def _choose(self, field: Any, name: str, typed: str) -> None:  # noqa: ANN401
        typed = typed.strip()
        if not typed:
            return
        if typed not in field.options:
            containing = [option for option in field.options if typed.lower() in option.lower()]
            typed = containing[0] if len(containing) == 1 else typed
        field.value = ""
        values = getattr(self._model.filters, name) or ()
        self._change(**{name: tuple(dict.fromkeys([*values, typed]))})

    def _add_tag(self) -> None:
        key, value = self._tag_key.value.strip(), self._tag_value.value
        if not key and not value:
            # The tag was already added when the user left the value field.
            return
        if not key or not value:
            missing = "the key of the tag" if not key else f"a value for the tag {key}"
            self._show_problem(f"Type {missing}, then click Add tag.")
            return
        tags = dict(self._model.filters.tags)
        tags[key] = tuple(dict.fromkeys([*tags.get(key, ()), value]))
        self._tag_key.value = self._tag_value.value = ""
        self._change(tags=tuple(tags.items()))

    def _choose_range(self, preset: str) -> None:
        if preset == self._shown_range():
            return
        self._wants_custom_range = preset == _CUSTOM
        if preset != _CUSTOM:
            self._change(created_after=preset or None, created_before=None)
        self._draw_range(self._model.filters)

    def _choose_bound(self, name: str, typed: str) -> None:
        typed = typed.strip()
        if typed == str(getattr(self._model.filters, name) or ""):
            return
        try:
            to_seconds(typed or None, "the time")
        except ValueError as error:
            self._show_problem(str(error))
        else:
            self._change(**{name: with_zone(typed, self._viewport.zone) if typed else None})

    def _choose_duration(self, name: str, typed: str) -> None:
        try:
            duration = parse_duration(typed)
        except ValueError as error:
            self._show_problem(str(error))
        else:
            self._show_problem("")
            self._change(**{name: duration})


def _row(*children: Any) -> Any:  # noqa: ANN401 - widgets
    row = widgets.HBox(list(children), layout=widgets.Layout(overflow="visible"))
    row.add_class("dnb-wrap")
    return row


def _button(label: str) -> Any:  # noqa: ANN401
    return widgets.Button(description=label, layout=widgets.Layout(width="auto"))


def _set_value(widget: Any, value: object) -> None:  # noqa: ANN401
    if widget.value != value:
        widget.value = value


def _set_duration(field: Any, duration: pd.Timedelta | None) -> None:  # noqa: ANN401
    """Show a duration in a field, unless the user has typed the same duration there in another format."""
    try:
        is_shown = parse_duration(field.value) == duration
    except ValueError:
        is_shown = False
    if not is_shown:
        field.value = _duration_field_text(duration)


def _duration_field_text(duration: pd.Timedelta | None) -> str:
    if duration is None:
        return ""
    seconds = duration.total_seconds()
    for size, unit in ((3600, "h"), (60, "min")):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g} {unit}"
    return f"{seconds:g} s"


def _status_order(name: str) -> tuple[int, str]:
    return RUN_STATUSES.index(name) if name in RUN_STATUSES else len(RUN_STATUSES), name
