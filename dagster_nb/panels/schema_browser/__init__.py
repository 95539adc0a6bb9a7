"""The schema browser: a search of a server's GraphQL schema that writes queries."""

from dagster_nb.panels.schema_browser.schema_browser import SchemaBrowser

__all__ = ["SchemaBrowser"]
