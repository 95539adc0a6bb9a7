"""The former place of `dagster_nb.words.duration_text`, for modules that still import from here."""

from dagster_nb.words import duration_text as spell

__all__ = ["spell"]
