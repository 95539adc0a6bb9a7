"""Talking to a Dagster server: one session, the documents it sends, fitted to the server, and the paging of answers."""
