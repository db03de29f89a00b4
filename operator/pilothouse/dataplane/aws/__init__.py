"""Amazon Web Services: its resource types, and the client that carries out their calls."""
