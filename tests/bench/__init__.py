"""How fast, how small and how quiet the operator is: `python -m tests.bench` prints one JSON document."""
