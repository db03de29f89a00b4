"""What rebalancing decides: by tables, and by what holds for every fleet."""
