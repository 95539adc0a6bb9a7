"""The demo that ``dnb.demo()`` starts: a real Dagster with a sample run history.

This is the only subpackage that imports ``dagster``.
"""
