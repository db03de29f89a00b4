"""The promises of applying, at every instant at which the process can die. `make crash` plays far more histories."""

import pytest

from tests.crash.harness import Mode, Verdict, history, judge, once, sleepers, twice
from tests.crash.scenarios import SCENARIOS

WORLDS = [
    pytest.param(Mode(), id="listings current"),
    pytest.param(Mode(lag=2), id="listings 2 writes behind", marks=pytest.mark.slow),
]
PLAYED = [pytest.param(name, marks=() if name == "create" else pytest.mark.slow) for name in SCENARIOS]
"""One history is quick enough to be played with every run of unit tests."""


def assert_kept(verdict: Verdict) -> None:
    assert verdict.histories > 0, "a harness that plays nothing proves nothing"
    assert verdict.faults == 0, verdict.examples


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("name", PLAYED)
async def test_nothing_is_made_twice_lost_or_left_behind_when_the_process_dies_once(name: str, world: Mode) -> None:
    verdict = await once(name, world)
    assert_kept(verdict)
    assert verdict.extras == 0, "listings that catch up in time leave no room for extras"


@pytest.mark.slow
@pytest.mark.parametrize("name", SCENARIOS)
async def test_an_old_leader_that_wakes_up_does_no_harm(name: str) -> None:
    assert_kept(await sleepers(name, Mode(lag=1)))


@pytest.mark.slow
@pytest.mark.parametrize("name", SCENARIOS)
async def test_nothing_is_made_twice_lost_or_left_behind_when_the_process_dies_twice(name: str) -> None:
    assert_kept(await twice(name, Mode(lag=1), every=7))


async def test_a_token_less_extra_of_a_slow_listing_is_retired() -> None:
    verdict = await once("create", Mode(lag=2, slow=True))
    assert_kept(verdict)
    assert verdict.extras > 0, "the world must be bad enough to make extras, or retiring them is not tested"


@pytest.mark.parametrize(
    ("mode", "reason"),
    [
        pytest.param(
            Mode(lag=1, random_tokens=True), "the token alone keeps a stale listing from making two", id="tokens"
        ),
        pytest.param(
            Mode(blind=True), "looking again alone keeps a token-less create from being repeated", id="looking"
        ),
    ],
)
async def test_the_harness_finds_what_a_missing_safeguard_breaks(mode: Mode, reason: str) -> None:
    verdict = await once("create", mode)
    assert verdict.faults + verdict.extras > 0, reason


@pytest.mark.parametrize("name", ["lost at once", "told that nothing is there"])
async def test_the_harness_finds_what_no_breaker_stops(name: str) -> None:
    world, _ = await history(SCENARIOS[name], Mode(unbroken=True), ())
    assert judge(SCENARIOS[name], world, "nobody dies").unasked == 3
