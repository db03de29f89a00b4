"""The types and what they share, without a provider."""
