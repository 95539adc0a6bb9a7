"""Ninety days of run history of a small web shop's data platform.

`plan` and what it uses create the history as plain data, without Dagster. `write` and what it uses write it into the
tables of a Dagster instance.
"""
