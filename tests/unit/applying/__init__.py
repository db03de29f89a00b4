"""What is remembered of a Plan's steps."""
