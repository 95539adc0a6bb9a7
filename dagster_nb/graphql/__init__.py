"""Communication with a Dagster server: the session, the documents that it sends, and runs read page by page."""
