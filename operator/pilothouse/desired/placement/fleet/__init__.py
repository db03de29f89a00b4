"""A whole fleet at once: planned anew, or changed by as few moves as it takes, and what if."""
