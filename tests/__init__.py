"""The tests of Pilothouse; a package, so that `python -m tests.cluster` works from the top of the tree."""
