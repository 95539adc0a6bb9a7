"""Ninety days of a small web shop's data platform: first as plain data, then as rows of a Dagster instance.

`plan` and what it uses know nothing of Dagster; `write` and what it uses turn a plan into rows.
"""
