"""The saved output of a panel: HTML that needs no kernel, and that is hidden while the panel is live.

If an output contains a widget and HTML, JupyterLab always prefers the widget. If the widget no longer exists,
JupyterLab shows an error. So a panel has two outputs: first the widget, then the HTML. A style sheet in the HTML hides
the HTML while the widget is connected to its kernel, and hides the widget otherwise. JupyterLab ignores this style
sheet in notebooks that are not trusted, but in such notebooks, it does not show widgets either.

The HTML of an explorer is updated when its view or its runs change, and the HTML of a monitor when its run has ended:
see `Panel._update_static_output`. The HTML of an explorer does not contain the selection, the details of the open run,
the launchpad and the code. The HTML of a launchpad or a schema browser always shows the panel at the time when the cell
ran, because it must not contain what users type. Updates work only until the page is reloaded, because notebook files
do not contain the display ids of outputs.
"""

from __future__ import annotations

__all__ = ["WIDGET_MIME_TYPE", "saved_html"]

WIDGET_MIME_TYPE = "application/vnd.jupyter.widget-view+json"

_OUTPUT = ".jp-OutputArea-child"
_CONTENT = ".jp-OutputArea-output"
# JupyterLab may insert an empty element between two outputs.
_GAPS = ("+", f"+:not({_OUTPUT})+")
_LIVE = ".dnb:not(.jupyter-widgets-disconnected)"
# The first selector matches a message in place of the widget: "Loading widget..." until the page is connected to a
# kernel, and then an error, because the widget does not exist.
_DEAD = f":is(:has(>{_CONTENT}.lm-Panel):not(:has(>{_CONTENT}>*)),:has(.dnb.jupyter-widgets-disconnected))"
_STYLE = "".join(
    [
        *(f"{_OUTPUT}:has({_LIVE}){gap}{_OUTPUT}:has(.dnb-saved){{display:none}}" for gap in _GAPS),
        *(f"{_OUTPUT}{_DEAD}:has({gap}{_OUTPUT} .dnb-saved){{display:none}}" for gap in _GAPS),
        ".dnb-saved img{max-width:100%}",
        # Jupyter right-aligns all table cells with a selector that is more specific than this one.
        ".dnb-saved :is(th,td){text-align:left!important}",
    ]
)
_HOW_TO_USE = "This is a saved copy of the panel. To use the panel, run the cell again in Jupyter."


def saved_html(html: str, saved_id: str) -> str:
    """Return the second output of a panel.

    Parameters
    ----------
    html
        The static output of the panel.
    saved_id
        See `Viewport.saved_id`.
    """
    return (
        f'<div class="dnb-saved" data-dnb-saved="{saved_id}"><style>{_STYLE}</style><p><em>{_HOW_TO_USE}</em></p>'
        f"{html}</div>"
    )
