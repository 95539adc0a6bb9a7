"""The details of a run: its main fields, its failures, its steps and its log.

The explorer and the monitor use this package.
"""
