"""Display code of the client: progress bars, HTML representations of objects, and links that open in a browser."""
