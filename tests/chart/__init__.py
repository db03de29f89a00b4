"""The chart, by the real Helm on a real API server."""
