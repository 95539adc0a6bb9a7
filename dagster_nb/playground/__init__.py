"""GraphQL of your own: completion, checks, results as frames, and a search of the schema. No network, no widgets."""
