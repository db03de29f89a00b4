"""The kinds, known to the run's cluster."""

from tests.crds.conftest import kinds

__all__ = ["kinds"]
