"""DataFrames from the server's responses. The dtypes of all columns are defined once, in `columns`."""
