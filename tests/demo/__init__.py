"""`make demo`: one Application from its Plan to its end, on a real control plane, with every claim checked."""
