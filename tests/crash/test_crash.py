"""The promises of applying, at every instant at which the process can die. `make crash` plays far more histories."""

from typing import Any

import pytest

from pilothouse.controller import clouds
from pilothouse.dataplane.types import Mark
from tests.crash.harness import Mode, Verdict, history, judge, once, sleepers, twice
from tests.crash.scenarios import SCENARIOS
from tests.crash.toys import STYLES, Alias, Double, Note, Thing, described, told

WORLDS = [
    pytest.param(0, id="listings current"),
    pytest.param(2, id="listings 2 writes behind", marks=pytest.mark.slow),
]
PLAYED = [pytest.param(name, marks=() if name == "create" else pytest.mark.slow) for name in SCENARIOS]
"""One history is quick enough to be played with every run of unit tests."""


def assert_kept(verdict: Verdict) -> None:
    assert verdict.histories > 0, "a harness that plays nothing proves nothing"
    assert verdict.faults == 0, verdict.examples


@pytest.mark.parametrize("lag", WORLDS)
@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("name", PLAYED)
async def test_nothing_is_made_twice_lost_or_left_behind_when_the_process_dies_once(
    name: str, style: str, lag: int
) -> None:
    verdict = await once(name, Mode(style, lag))
    assert_kept(verdict)
    assert verdict.extras == 0, "listings that catch up in time leave no room for extras"


@pytest.mark.slow
@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("name", SCENARIOS)
async def test_an_old_leader_that_wakes_up_does_no_harm(name: str, style: str) -> None:
    assert_kept(await sleepers(name, Mode(style, lag=1)))


@pytest.mark.slow
@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("name", SCENARIOS)
async def test_nothing_is_made_twice_lost_or_left_behind_when_the_process_dies_twice(name: str, style: str) -> None:
    assert_kept(await twice(name, Mode(style, lag=1), every=7 if style == Double.noun else 28))


@pytest.mark.parametrize("style", STYLES)
async def test_a_token_less_extra_of_a_slow_listing_is_retired(style: str) -> None:
    verdict = await once("create", Mode(style, lag=2, slow=True))
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


def marked_anywhere(_: Note, thing: Thing) -> tuple[Mark | None, str]:
    """Read the first line that looks like a mark."""
    description = thing.spec.description or ""
    marks = (told(f"\n{line}")[0] for line in description.split("\n"))
    return next((mark for mark in marks if mark), None), told(description)[1]


@pytest.mark.parametrize(
    ("part", "broken"),
    [
        pytest.param("marked", marked_anywhere, id="people's words are taken for a mark"),
        pytest.param("marking", lambda _toy, mark, _text: (None, described(mark, "")), id="their words are lost"),
        pytest.param("marking", lambda _toy, _mark, text: (None, text), id="the mark is lost"),
    ],
)
async def test_the_harness_finds_a_type_that_does_not_keep_mark_and_words_apart(
    part: str, broken: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Note, part, broken)
    world, _ = await history("create", Mode(Note.noun), ())
    assert judge(SCENARIOS["create"], world, "nobody dies").faults > 0


async def test_the_harness_finds_that_nobody_reads_what_a_listing_shows_by_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(clouds.Cloud, "next_to_read", lambda *_: None)
    verdict = await once("create", Mode(Alias.noun, lag=2, slow=True))
    assert verdict.orphans + verdict.duplicates > 0, "whose an extra is, only a reading of it tells"


@pytest.mark.parametrize("name", ["lost at once", "told that nothing is there"])
async def test_the_harness_finds_what_no_breaker_stops(name: str) -> None:
    world, _ = await history(name, Mode(unbroken=True), ())
    assert judge(SCENARIOS[name], world, "nobody dies").unasked == 3
