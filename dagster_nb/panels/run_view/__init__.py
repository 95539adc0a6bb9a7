"""The details of one run: its main fields, why it failed, its steps and its log.

Used by the explorer and by the monitor.
"""
