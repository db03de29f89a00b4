"""What may be concluded from listings and looks."""
