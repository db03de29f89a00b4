"""The process, as far as it needs no cluster."""
