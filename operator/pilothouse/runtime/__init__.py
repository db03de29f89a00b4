"""The process: Kopf as its shell, the Lease, the store, metrics, logs and probes, put together in `compose`."""
