"""The kubectl plugin, without a cluster."""
