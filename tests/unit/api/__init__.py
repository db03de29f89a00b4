"""The kinds as people write them."""
