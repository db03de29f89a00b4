"""What it takes to make and to watch things in AWS, counted in calls."""
