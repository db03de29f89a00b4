"""What if: a live fleet read from its objects, a change of it, and what would come of that."""
