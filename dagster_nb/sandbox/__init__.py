"""The demo that ``dnb.demo()`` starts: a real Dagster with a run history.

This is the only subpackage that imports ``dagster``.
"""
