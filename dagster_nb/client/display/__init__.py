"""The client's display code: progress bars, HTML representations of objects, and links for a browser."""
