"""What a client shows: progress bars, HTML representations of objects, and links that open in a browser."""
