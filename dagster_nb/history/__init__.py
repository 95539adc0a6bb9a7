"""The run history of one deployment, kept in Delta tables. It needs the extra ``history``."""
