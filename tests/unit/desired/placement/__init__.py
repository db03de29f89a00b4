"""Tests of which Cells replicas run in, and why."""
