"""Panels: widgets that show runs and act on them.

Every panel is a `Panel` (`panel`), which reads in the background (`background`) and shows errors (`error_box`). Its
model tells its views what has changed (`changes`). Views share HTML (`markup`), charts (`pictures`), questions
(`confirm`), and what the browser reports (`browser_info`).
"""
