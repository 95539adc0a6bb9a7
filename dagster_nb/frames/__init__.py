"""DataFrames from the responses of the server. The dtypes of all columns are defined once, in `columns`."""
