"""What ``dnb.demo()`` starts: a real Dagster with a real history.

The only room that imports ``dagster``; nothing outside it does.
"""
