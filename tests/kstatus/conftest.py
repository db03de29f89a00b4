"""kstatus runs once for all tests of a process."""

from collections.abc import Iterator

import pytest

from tests.kstatus import Kstatus


@pytest.fixture(scope="session")
def kstatus() -> Iterator[Kstatus]:
    """The program."""
    running = Kstatus()
    yield running
    running.close()
