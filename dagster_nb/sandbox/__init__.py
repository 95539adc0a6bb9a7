"""What ``dnb.demo()`` starts: a real Dagster with a real history.

This is the only subpackage that imports ``dagster``.
"""
