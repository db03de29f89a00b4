"""`kubectl pilothouse`: show Plans and Applications, and approve. It reads and writes kinds, and decides nothing."""
