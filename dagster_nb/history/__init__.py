"""The run history of one deployment, stored in Delta tables. This subpackage needs the extra ``history``."""
