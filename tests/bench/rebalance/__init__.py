"""Rebalancing, simulated: a fleet over a day, with the decisions of `pilothouse.planning.rebalance`."""
