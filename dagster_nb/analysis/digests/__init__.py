"""The digest of a deployment: its problems and its recent changes."""
