"""Write your own GraphQL: completion, checks, results as frames, and a search of the schema."""
