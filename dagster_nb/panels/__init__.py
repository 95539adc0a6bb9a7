"""Panels: widgets that show runs and act on them.

All panels are subclasses of `Panel` (in `panel`), which runs tasks in the background (`background`) and shows errors
(`error_box`). The model of a panel notifies its views of changes (`changes`). All views share the code for HTML
(`markup`), charts (`pictures`), confirmations (`confirm`) and information from the browser (`viewport`).
"""
