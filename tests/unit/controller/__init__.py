"""The Controller: its queue, its passes and the loops around them."""
