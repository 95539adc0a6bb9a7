"""Ninety days of run history of a small web shop's data platform.

`plan` and its helper modules create the history as plain data, without Dagster. `write` and its helper modules write
this data into the tables of a Dagster instance.
"""
