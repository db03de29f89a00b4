"""The whole process on a real API server."""
