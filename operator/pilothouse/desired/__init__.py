"""Desired State: from an Application's spec to the things that should exist, and where."""
