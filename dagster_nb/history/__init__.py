"""The run history of one deployment, kept in Delta tables. This subpackage needs the extra ``history``."""
