"""Ninety days of run history of a small web shop's data platform.

`plan` and the modules that it uses create the history as plain data, without Dagster. `write` and the modules that it
uses write this data into the tables of a Dagster instance.
"""
