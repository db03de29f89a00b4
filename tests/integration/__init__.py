"""Tests against a real API server and an emulated cloud."""
