"""Communicate with a Dagster server: the session, the documents that it sends, and functions that read page by page."""
