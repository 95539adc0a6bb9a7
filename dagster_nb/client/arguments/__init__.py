"""Parse and check the arguments that users pass to a client: runs, jobs, run configs and tags."""
