"""``Confirm``: ask for confirmation inside a panel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from dagster_nb.panels.markup import text
from dagster_nb.words import plural

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dagster_nb.panels.background import Background

__all__ = ["MAX_UNTYPED", "Confirm"]

MAX_UNTYPED = 10
"""If an action affects more items than this, the user must type the number of items."""

_MAX_NAMED = 50


class Confirm:
    """A question with buttons to confirm and to cancel. The widget is hidden while there is no question.

    Parameters
    ----------
    background
        The panel's background tasks, which run click handlers in the kernel's thread.
    """

    def __init__(self, background: Background) -> None:
        self._question = widgets.HTML()
        self._number = widgets.Text(layout=widgets.Layout(width="160px"), continuous_update=True)
        self._label = widgets.HTML()
        self._yes = widgets.Button(layout=widgets.Layout(width="auto"))
        self._no = widgets.Button(description="Cancel", layout=widgets.Layout(width="auto"))
        self._no.add_class("dnb-close")
        background.on_click(self._yes, self.agree)
        background.on_click(self._no, self.cancel)
        background.on_change(self._number, lambda _number: self._check_number())
        self._number_row = widgets.HBox([self._label, self._number])
        self._number_row.add_class("dnb-wrap")
        buttons = widgets.HBox([self._yes, self._no])
        buttons.add_class("dnb-wrap")
        self.widget: Any = widgets.VBox(
            [self._question, self._number_row, buttons], layout=widgets.Layout(display="none")
        )
        self.widget.add_class("dnb-box")
        self.widget.add_class("dnb-box-warning")
        self._count = 0
        self._agreed: Callable[[], None] | None = None

    @property
    def is_open(self) -> bool:
        """Whether a question is visible."""
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
        """Show a question.

        Parameters
        ----------
        question
            The question as plain text, which should describe the action.
        things
            The affected items as HTML.
        count
            The number of affected items, which the user must type if it is greater than `MAX_UNTYPED`.
        button
            The label of the confirmation button.
        agreed
            A function to call when the user confirms.
        danger
            Whether the confirmation button is red.
        """
        self._agreed = agreed
        self._count = count
        named = "".join(f"<li>{thing}</li>" for thing in things[:_MAX_NAMED])
        rest = f"<li>and {plural(count - _MAX_NAMED, 'more', 'more')}</li>" if count > _MAX_NAMED else ""
        # Not all browsers let the keyboard scroll a list that cannot have the focus.
        self._question.value = (
            f'<div role="alertdialog" aria-label="Confirm"><strong>{text(question)}</strong>'
            f'<ul class="dnb-things" tabindex="0" aria-label="Affected">{named}{rest}</ul></div>'
        )
        self._yes.description = button
        self._yes.button_style = "danger" if danger else "primary"
        self._label.value = f"Type <b>{count}</b> to confirm:"
        self._number.value = ""
        self._number.placeholder = str(count)
        self._number_row.layout.display = "" if count > MAX_UNTYPED else "none"
        self._check_number()
        self.widget.layout.display = ""

    def type_number(self, number: str) -> None:
        """Enter the number of items as if the user had typed it."""
        self._number.value = number

    def agree(self) -> None:
        """Confirm, as if the user had clicked the button. Do nothing if the button is disabled."""
        agreed = self._agreed
        if agreed is not None and not self._yes.disabled:
            self.cancel()
            agreed()

    def cancel(self) -> None:
        """Hide the question."""
        self._agreed = None
        self.widget.layout.display = "none"

    def _check_number(self) -> None:
        self._yes.disabled = self._count > MAX_UNTYPED and self._number.value.strip() != str(self._count)
