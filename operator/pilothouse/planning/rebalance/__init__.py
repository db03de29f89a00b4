"""Which running replicas move to another Cell now, and why nothing else does: decisions only, as values."""
