"""Packing: by hand-computed examples, and against the plainest possible reckoning."""
