"""Applying: carrying a Plan out one safe step at a time, with everything written down before it is sent."""
