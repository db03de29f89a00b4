"""The kinds of things that can be made in AWS, one file each."""
