"""A question before something happens that cannot be taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from dagster_nb.panels.markup import plural, text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["TYPED_ABOVE", "Confirm"]

TYPED_ABOVE = 10
"""Beyond so many things the number must be typed."""

_NAMED = 50


class Confirm:
    """A question inside the panel; invisible while there is none."""

    def __init__(self) -> None:
        self._question = widgets.HTML()
        self._typed = widgets.Text(layout=widgets.Layout(width="160px"), continuous_update=True)
        self._label = widgets.HTML()
        self._yes = widgets.Button(layout=widgets.Layout(width="auto"))
        self._no = widgets.Button(description="Cancel", layout=widgets.Layout(width="auto"))
        self._yes.on_click(lambda _button: self.agree())
        self._no.on_click(lambda _button: self.cancel())
        self._typed.observe(lambda _change: self._check(), names="value")
        self._typing = widgets.HBox([self._label, self._typed])
        self._typing.add_class("dnb-wrap")
        buttons = widgets.HBox([self._yes, self._no])
        buttons.add_class("dnb-wrap")
        self.widget: Any = widgets.VBox([self._question, self._typing, buttons], layout=widgets.Layout(display="none"))
        self.widget.add_class("dnb-box")
        self.widget.add_class("dnb-box-warning")
        self._count = 0
        self._agreed: Callable[[], None] | None = None

    @property
    def is_open(self) -> bool:
        """Whether a question stands."""
        return self._agreed is not None

    def ask(
        self,
        question: str,
        *,
        things: Sequence[str],
        count: int,
        button: str,
        agreed: Callable[[], None],
        danger: bool = True,
    ) -> None:
        """Ask.

        Parameters
        ----------
        question
            What will happen, as plain text.
        things
            What it will happen to, each as markup.
        count
            How many there are; above `TYPED_ABOVE` it must be typed.
        button
            What the button that agrees says.
        agreed
            What to do then.
        danger
            Whether it cannot be taken back.
        """
        self._agreed = agreed
        self._count = count
        named = "".join(f"<li>{thing}</li>" for thing in things[:_NAMED])
        rest = f"<li>and {plural(count - _NAMED, 'more', 'more')}</li>" if count > _NAMED else ""
        self._question.value = (
            f'<div role="alertdialog" aria-label="Confirm"><strong>{text(question)}</strong>'
            f'<ul class="dnb-things">{named}{rest}</ul></div>'
        )
        self._yes.description = button
        self._yes.button_style = "danger" if danger else "primary"
        self._label.value = f"Type <b>{count}</b> to go on:"
        self._typed.value = ""
        self._typed.placeholder = str(count)
        self._typing.layout.display = "" if count > TYPED_ABOVE else "none"
        self._check()
        self.widget.layout.display = ""

    def type(self, words: str) -> None:
        """Fill in the field for the number."""
        self._typed.value = words

    def agree(self) -> None:
        """Press the button that agrees, if it can be pressed."""
        agreed = self._agreed
        if agreed is not None and not self._yes.disabled:
            self.cancel()
            agreed()

    def cancel(self) -> None:
        """Take the question away."""
        self._agreed = None
        self.widget.layout.display = "none"

    def _check(self) -> None:
        self._yes.disabled = self._count > TYPED_ABOVE and self._typed.value.strip() != str(self._count)
