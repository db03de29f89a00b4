"""What a Plan is made of, and when it stands."""
