"""Turn the server's responses into DataFrames. The dtypes of all columns are defined once, in `columns`."""
