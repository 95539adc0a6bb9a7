"""All panels wait, show errors, have a static output, and can be closed."""

import asyncio
import threading

import ipywidgets as widgets
import pytest

from dagster_nb.errors import ConnectionFailedError
from dagster_nb.panels.panel import Panel
from dagster_nb.panels.saved_output import WIDGET_MIME_TYPE


class Counter(Panel):
    """A panel that reads and shows a number."""

    def __init__(self, read):
        super().__init__()
        self.number = None
        self._label = widgets.HTML()
        self._button = widgets.Button(description="Read")
        self._hidden = widgets.Button()
        self._fill(self._label, self._button)
        self._read = read
        self.background.on_click(self._button, self.read)
        self._on_resize(self.draw)
        self.read()

    def read(self):
        self.background.start("number", lambda _task: self._read(), done=self._set, failed=self._fail)

    def draw(self):
        self._label.value = f"{self.number} at {self.viewport.width}"

    def _set(self, number):
        self.number = number
        self._show_error(None)
        self.draw()

    def _fail(self, error):
        self._show_error(error, self.read)

    def _static_text(self):
        return f"number {self.number}"

    def _static_html(self):
        return f"<p>{self.number}</p>"


@pytest.fixture
def counter():
    made = []

    def make(read=lambda: 7):
        made.append(Counter(read))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_a_panel_is_a_widget(counter):
    panel = counter()
    tab = widgets.Tab(children=[panel])
    assert tab.children == (panel,)
    assert panel.model_id
    tab.close()


def test_wait_returns_the_panel_after_the_work_has_finished(counter):
    panel = counter()
    assert panel.wait() is panel
    assert panel.number == 7


def test_wait_returns_after_the_timeout(counter):
    gate = threading.Event()
    panel = counter(lambda: gate.wait(10))
    assert panel.wait(0.05).number is None
    gate.set()


def test_the_mime_bundle_has_the_widget_and_the_static_output(counter):
    data, _ = counter()._repr_mimebundle_()
    assert data["text/plain"] == "number 7"
    assert data["text/html"] == "<p>7</p>"
    assert "application/vnd.jupyter.widget-view+json" in data


def published(panel, monkeypatch):
    """Return the MIME bundles that IPython displays if a cell ends with the panel."""
    bundles = []
    monkeypatch.setattr("dagster_nb.panels.panel.display", lambda data, *_, **__: bundles.append(data))
    panel._ipython_display_()
    return bundles


def test_the_static_output_is_a_separate_output_after_the_widget(counter, monkeypatch):
    panel = counter().wait()
    widget, static = published(panel, monkeypatch)
    assert static["text/plain"] == "number 7"
    assert "<p>7</p>" in static["text/html"]
    assert "run the cell again" in static["text/html"]
    assert panel.viewport.saved_id in static["text/html"]
    assert WIDGET_MIME_TYPE not in static
    assert widget[WIDGET_MIME_TYPE]["model_id"] == panel.model_id
    assert widget["text/html"] == ""


def test_the_widget_is_displayed_before_the_data_has_been_read(counter, monkeypatch):
    gate = threading.Event()
    bundles = []

    def display(data, *_, **__):
        bundles.append(data)
        gate.set()

    monkeypatch.setattr("dagster_nb.panels.panel.display", display)
    counter(lambda: gate.wait(10) and 7)._ipython_display_()
    widget, static = bundles
    assert WIDGET_MIME_TYPE in widget
    assert static["text/plain"] == "number 7"


def test_the_static_output_follows_the_panel_if_a_browser_has_shown_it(counter, monkeypatch):
    calls = []
    monkeypatch.setattr("dagster_nb.panels.panel.display", lambda data, *_, **options: calls.append((data, options)))
    monkeypatch.setattr("dagster_nb.panels.panel._SECONDS_BEFORE_UPDATE", 0.0)
    panel = counter().wait()
    panel._ipython_display_()
    [_, (_, first)] = calls
    assert first["display_id"] == panel.viewport.saved_id
    panel.number = 8
    panel._update_static_output()
    assert not panel.background._timers, "no browser has shown the panel"
    panel.viewport.is_rendered = True
    for _ in range(3):
        panel._update_static_output()
    panel.background.wait(lambda: len(calls) > 2 and not panel.background._timers, 10)
    [_, _, (data, options)] = calls
    assert options == {"raw": True, "display_id": panel.viewport.saved_id, "update": True}
    assert "<p>8</p>" in data["text/html"]


def test_new_data_updates_the_static_output_at_most_once_per_minute(counter, monkeypatch):
    delays = []
    monkeypatch.setattr("dagster_nb.panels.panel.display", lambda *_args, **_options: None)
    panel = counter().wait()
    panel._ipython_display_()
    panel.viewport.is_rendered = True
    monkeypatch.setattr(panel.background, "later", lambda seconds, _call: delays.append(seconds) or (lambda: None))
    for _ in range(3):
        panel._update_data_of_static_output()
    assert delays == [60]
    panel._update_static_output()
    panel._update_data_of_static_output()
    assert delays == [60, 2]
    panel._replace_static_output()
    panel._update_data_of_static_output()
    assert delays == [60, 2, 60]


def test_a_closed_panel_is_displayed_as_its_static_output(counter, monkeypatch):
    panel = counter().wait()
    panel.close()
    assert published(panel, monkeypatch) == [{"text/plain": "number 7", "text/html": "<p>7</p>"}]


def test_a_closed_panel_still_has_its_static_output(counter):
    panel = counter().wait()
    panel.close()
    data, _ = panel._repr_mimebundle_()
    assert set(data) == {"text/plain", "text/html"}
    assert repr(panel) == "number 7"


def test_an_error_is_shown_with_a_working_retry_button(counter):
    answers = [ConnectionFailedError("no Dagster at <b>x</b>"), 3]

    def read():
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    panel = counter(read).wait()
    assert "no Dagster at <bdi>" not in panel._error_box._message.value
    assert "&lt;b&gt;x" in panel._error_box._message.value
    assert panel._error_box.widget.layout.display == ""
    panel._error_box._retry_button.click()
    panel.wait()
    assert panel.number == 3
    assert panel._error_box.widget.layout.display == "none"


def test_an_error_in_a_click_is_shown_and_not_raised(counter):
    panel = counter().wait()
    panel.read = None
    panel.background.on_click(panel._hidden, lambda: 1 / 0)
    panel._hidden.click()
    assert "ZeroDivisionError" in panel._crash_box._message.value


def test_charts_are_redrawn_when_the_width_changes(counter):
    panel = counter().wait()
    panel.viewport.width = 400
    assert panel._label.value == "7 at 400"


def test_widget_events_from_another_thread_reach_the_panel_in_the_thread_of_the_kernel(counter):
    panel = counter().wait()
    seen = []
    panel.background.on_change(panel._label, lambda _value: seen.append(threading.get_ident()))
    thread = threading.Thread(target=lambda: setattr(panel._label, "value", "typed"))
    thread.start()
    thread.join()
    assert seen == []
    panel.wait()
    assert seen == [threading.get_ident()]


def test_the_event_loop_of_a_notebook_delivers_the_result():
    async def cell():
        panel = Counter(lambda: 5)
        for _ in range(500):
            await asyncio.sleep(0.01)
            if panel.number is not None:
                break
        panel.close()
        return panel.number

    assert asyncio.run(cell()) == 5


def test_closing_removes_all_widgets_and_threads():
    before, threads = len(widgets.widget._instances), threading.active_count()
    panel = Counter(lambda: 7).wait()
    panel.background.later(60, panel.read)
    panel.close()
    panel.close()
    assert len(widgets.widget._instances) == before
    assert threading.active_count() == threads


def test_closing_a_panel_closes_its_inner_panels():
    before = len(widgets.widget._instances)
    outer, inner = Counter(lambda: 1), Counter(lambda: 2)
    outer.children = [*outer.children, inner]
    outer.close()
    assert inner._is_closed
    assert len(widgets.widget._instances) == before
