"""Panels: widgets to look at runs and to act on them.

Shared by all: `stage` (style sheet, dark page, width), `markup` (escaped text), `pictures` (charts as PNG),
`background` (threads that come home to the kernel's loop), `notices` (errors in plain words, with a retry) and
`confirm` (a question before something happens).
"""
