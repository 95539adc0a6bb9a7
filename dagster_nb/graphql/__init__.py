"""Talking to a Dagster server: one session, the documents it sends, and the paging of what comes back."""
