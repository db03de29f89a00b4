"""Tests of the room that decides what should exist, and where."""
