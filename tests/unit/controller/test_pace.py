"""The pace of a service that throttles: halved at once, back slowly, and never nothing."""

import pytest

from pilothouse.controller.pace import SLOWEST, Service


class Clock:
    """Time that a test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_service_gets_half_when_it_throttles_and_all_of_it_back_after_a_while(clock: Clock) -> None:
    service = Service(20.0, clock)
    service.throttled()
    assert service.rate == 10.0
    clock.now += 5
    assert service.rate == 15.0, "a twentieth of the full rate with each second"
    service.throttled()
    assert service.rate == 7.5
    clock.now += 60
    assert service.rate == 20.0


def test_the_refusals_of_one_burst_count_once(clock: Clock) -> None:
    """Else eight calls that left together would bring the pace down to nothing."""
    service = Service(20.0, clock)
    for _ in range(8):
        service.throttled()
    assert service.rate == 10.0
    clock.now += 1
    service.throttled()
    assert service.rate == 5.5


def test_a_service_that_throttles_all_the_time_is_still_asked_now_and_then(clock: Clock) -> None:
    service = Service(1.0, clock)
    for _ in range(5):
        service.throttled()
        clock.now += 1
    assert service.rate >= SLOWEST


async def test_only_a_service_that_throttled_waits(clock: Clock) -> None:
    service = Service(20.0, clock)
    for _ in range(1000):
        await service.take()
    clock.now += 1
    service.throttled()
    await service.take()


def test_its_cell_may_give_it_less(clock: Clock) -> None:
    service = Service(20.0, clock)
    service.limit(4.0)
    assert service.rate == 4.0
    service.throttled()
    assert service.rate == 2.0
