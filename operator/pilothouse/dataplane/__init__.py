"""The Data Plane: what can be made in it (types) and the thin clients that talk to it."""
