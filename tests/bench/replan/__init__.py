"""Replanning a fleet, measured: how long it takes, and how far from a proven bound it ends."""
