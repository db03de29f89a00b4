"""AWS for tests and demo: moto's server behind a layer that behaves as AWS documents where moto does not."""
