"""The schema browser: search a server's GraphQL schema, and generate queries."""

from dagster_nb.panels.schema_browser.schema_browser import SchemaBrowser

__all__ = ["SchemaBrowser"]
