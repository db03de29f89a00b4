"""A whole fleet placed at once, and changed by as few moves as it takes."""
