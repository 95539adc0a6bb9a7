"""Support for writing your own GraphQL: completion, checks, results as frames, and a search through the schema."""
