"""Communication with a Dagster server: the session, the documents that it sends, and reading runs in pages."""
