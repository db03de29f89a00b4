"""Killed anywhere: the real planning, applying and reconciling over doubles of the API server and a cloud."""
