"""Planning: from what exists and what should, to an immutable graph of steps. Pure: same input, same bytes."""
