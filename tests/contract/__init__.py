"""Promises that every implementation of a seam keeps, against the real thing or its emulator."""
