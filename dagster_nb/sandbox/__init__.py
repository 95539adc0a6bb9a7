"""The demo: a real Dagster with a sample run history, which ``dnb.demo()`` starts.

This is the only subpackage that imports ``dagster``.
"""
