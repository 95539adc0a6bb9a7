"""The demo, which ``dnb.demo()`` starts: a real Dagster with a sample run history.

This is the only subpackage that imports ``dagster``.
"""
