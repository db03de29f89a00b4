"""The kubectl plugin against a real API server."""
