"""Generate ninety days of run history for the data platform of a small web shop.

`plan` and its helper modules generate the history as plain data, without Dagster. `write` and its helper modules write
this data into the tables of a Dagster instance.
"""
