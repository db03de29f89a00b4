"""Importing what exists: from ARNs to types, from readings to an Application."""
