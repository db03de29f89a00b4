"""The stage is that of tests/e2e: the same Cells, an operator for all of these tests, and a namespace for each."""

from pathlib import Path

import pytest

from tests.e2e.conftest import account, operator, stage

__all__ = ["account", "operator", "stage"]

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test here needs the cluster."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.cluster)
