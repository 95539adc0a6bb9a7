"""`digest`: what is wrong in a deployment and what changed."""
