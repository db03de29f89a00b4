"""The kinds as people meet them: with kubectl, on a real API server."""
