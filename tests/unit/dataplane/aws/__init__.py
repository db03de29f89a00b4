"""The AWS types and the pure modules around them, without the SDK."""
