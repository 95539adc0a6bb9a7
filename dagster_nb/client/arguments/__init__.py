"""What users pass to the methods of a client: runs, jobs, run configs and tags, parsed and checked."""
