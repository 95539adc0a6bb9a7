"""Panels: widgets that show runs and act on them.

Every panel is a `Panel` (`panel`), which reads in the background (`background`) and shows errors (`error_box`). Its
model notifies its views of changes (`changes`). Views share HTML (`markup`), charts (`pictures`), questions
(`confirm`), and what the browser reports (`viewport`).
"""
