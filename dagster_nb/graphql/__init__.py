"""Communicate with a Dagster server: the connection, the GraphQL documents, and functions that read page by page."""
