"""Answers of the server as DataFrames: a file a kind, and the dtypes stated once, in `columns`."""
