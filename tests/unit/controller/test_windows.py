"""When the fleet's change windows let an Application be changed."""

from datetime import UTC, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.api.plan import Reason
from pilothouse.api.windows import ChangeWindow
from pilothouse.controller.windows import Closed, closed, selected
from tests.unit.planning.things import quick


def window(kind: str, schedule: str = "0 22 * * *", duration: str = "4h", **fields: Any) -> ChangeWindow:
    given_ = {"name": kind.lower(), "kind": kind, "schedule": schedule, "duration": duration, **fields}
    return ChangeWindow.model_validate(given_)


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


NIGHTS, FREEZE = window("Allow"), window("Deny", "0 0 20 12 *", "336h")
BERLIN = window("Allow", timeZone="Europe/Berlin")


class Case(NamedTuple):
    windows: tuple[ChangeWindow, ...]
    now: str
    name: str
    until: str
    reason: str
    why: Reason = "SpecChanged"


CASES = {
    "no window": Case((), "2026-03-10T12:00", "", "", "nothing says when"),
    "before it opens": Case((NIGHTS,), "2026-03-10T12:00", "allow", "2026-03-10T22:00", "changes are made at night"),
    "when it opens": Case((NIGHTS,), "2026-03-10T22:00", "", "", "it is open from the very second"),
    "past midnight": Case((NIGHTS,), "2026-03-11T01:59:59", "", "", "it stays open for its duration"),
    "when it closes": Case((NIGHTS,), "2026-03-11T02:00", "allow", "2026-03-11T22:00", "it is closed from that second"),
    "another time zone": Case((BERLIN,), "2026-03-10T20:59", "allow", "2026-03-10T21:00", "22 h in Berlin in winter"),
    "summer time": Case((BERLIN,), "2026-07-10T19:59", "allow", "2026-07-10T20:00", "22 h in Berlin in summer"),
    "two windows": Case(
        (NIGHTS, window("Allow", "0 12 * * *", "1h", name="noon")),
        "2026-03-10T11:00",
        "noon",
        "2026-03-10T12:00",
        "whichever opens first",
    ),
    "one of two": Case(
        (NIGHTS, window("Allow", "0 12 * * *", "1h")), "2026-03-10T12:30", "", "", "one that is open is enough"
    ),
    "a freeze": Case((FREEZE,), "2026-12-24T20:00", "deny", "2027-01-03T00:00", "it ends"),
    "no freeze": Case((FREEZE,), "2026-12-19T20:00", "", "", "it has not begun"),
    "a freeze over an open window": Case(
        (NIGHTS, FREEZE), "2026-12-24T22:30", "allow", "2027-01-03T00:00", "it is denied whatever else is open"
    ),
    "a freeze over a closed window": Case(
        (NIGHTS, FREEZE), "2027-01-02T23:00", "deny", "2027-01-03T00:00", "the freeze ends within an open window"
    ),
    "a freeze that ends by day": Case(
        (NIGHTS, window("Deny", "0 0 20 12 *", "340h")),
        "2026-12-24T12:00",
        "allow",
        "2027-01-03T22:00",
        "after it ends the next window has to open",
    ),
    "repeated before it closes": Case(
        (window("Deny", "0 * * * *", "2h"),), "2026-03-10T12:30", "deny", "", "it never really closes"
    ),
    "an exception": Case((NIGHTS,), "2026-03-10T12:00", "allow", "2026-03-10T22:00", "is not for all", why="Repair"),
    "excepted": Case(
        (window("Allow", except_=["Repair"]),), "2026-03-10T12:00", "", "", "it cannot wait", why="Repair"
    ),
    "excepted from a freeze": Case(
        (window("Deny", "0 0 20 12 *", "336h", except_=["Deletion"]),),
        "2026-12-24T20:00",
        "",
        "",
        "it cannot wait",
        why="Deletion",
    ),
    "excepted from one, frozen by another": Case(
        (window("Allow", except_=["Repair"]), FREEZE),
        "2026-12-24T20:00",
        "deny",
        "2027-01-03T00:00",
        "each window has its own exceptions",
        why="Repair",
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_change_is_made_while_it_is_its_time(case: Case) -> None:
    found = closed(case.windows, case.why, at(case.now))
    if not case.name:
        assert found is None, case.reason
        return
    assert found is not None, case.reason
    if case.until:
        assert found.until == at(case.until), case.reason
        assert str(found).endswith(f", opens at {case.until}:00Z"), case.reason


def test_the_window_named_is_the_last_that_has_to_give_way() -> None:
    found = closed((NIGHTS, window("Deny", "0 0 20 12 *", "340h")), "SpecChanged", at("2026-12-24T12:00"))
    assert str(found) == "change window allow, opens at 2027-01-03T22:00:00Z"


BROKEN = {
    "a schedule": ({"schedule": "at noon every day"}, "'at noon every day' in 'Etc/UTC': Wrong number of fields"),
    "an hour": ({"schedule": "0 25 * * *"}, "'0 25 * * *' in 'Etc/UTC': Bad hour"),
    "a zone": ({"timeZone": "Mars/Olympus"}, "in 'Mars/Olympus': 'No time zone found with key Mars/Olympus'"),
    "a path": ({"timeZone": "../etc/passwd"}, "in '../etc/passwd': ZoneInfo keys must"),
}


@pytest.mark.parametrize("kind", ["Allow", "Deny"])
@pytest.mark.parametrize(("fields", "message"), BROKEN.values(), ids=BROKEN)
def test_a_window_that_cannot_be_read_is_closed_and_says_so(kind: str, fields: dict[str, str], message: str) -> None:
    """A freeze with a typo must not be a free day."""
    found = closed((window(kind, **fields),), "SpecChanged", at("2026-03-10T12:00"))
    assert found is not None
    assert found.until is None
    text = str(found)
    assert text.startswith(f"change window {kind.lower()} of FleetPolicy default to be corrected: ")
    assert message in text


def test_a_window_that_never_comes_again_says_so() -> None:
    never = window("Allow", "0 0 31 2 *")
    found = closed((never,), "SpecChanged", at("2026-03-10T12:00"))
    assert found is not None
    assert found.until is None


SELECTED = {
    "all": ({}, True),
    "by name": ({"applications": ["checkout"]}, True),
    "by pattern": ({"applications": ["cart", "check*"]}, True),
    "not by name": ({"applications": ["cart"]}, False),
    "by namespace": ({"namespaceSelector": {"matchLabels": {"tier": "prod"}}}, True),
    "not by namespace": ({"namespaceSelector": {"matchLabels": {"tier": "dev"}}}, False),
    "by one alone": ({"namespaceSelector": {"matchLabels": {"tier": "prod"}}, "applications": ["cart"]}, False),
}


@pytest.mark.parametrize(("fields", "concerned"), SELECTED.values(), ids=SELECTED)
def test_a_window_concerns_whom_it_selects(fields: dict[str, Any], concerned: bool) -> None:  # noqa: FBT001 - a case
    one = window("Allow", **fields)
    assert selected((one,), "checkout", {"tier": "prod"}) == ((one,) if concerned else ())


WINDOWS = st.lists(
    st.builds(
        lambda kind, hour, hours, zone: window(kind, f"0 {hour} * * *", f"{hours}h", timeZone=zone),
        st.sampled_from(["Allow", "Deny"]),
        st.integers(0, 23),
        st.integers(1, 20),
        st.sampled_from(["Etc/UTC", "Europe/Berlin", "America/St_Johns", "Pacific/Apia"]),
    ),
    max_size=4,
)


@given(WINDOWS, st.integers(int(at("2026-01-01")), int(at("2027-12-31"))))
@quick
def test_when_it_is_said_to_open_it_is_open_and_not_a_second_before(given_: list[ChangeWindow], now: int) -> None:
    found = closed(given_, "SpecChanged", now)
    if found is None or found.until is None:
        return
    before = closed(given_, "SpecChanged", found.until - 1)
    assert found.until > now
    assert before is not None
    again = closed(given_, "SpecChanged", found.until)
    assert again is None or found.until - now > 86_400, "only what is far ahead is found out later"


@given(st.integers(int(at("2026-01-01")), int(at("2027-12-31"))), st.integers(0, 23), st.integers(1, 23))
@quick
def test_a_window_is_open_as_a_clock_on_the_wall_would_tell(now: int, hour: int, hours: int) -> None:
    """Without summer time a day is a day."""
    local = datetime.fromtimestamp(now, ZoneInfo("Asia/Kolkata"))
    open_ = (local.hour - hour) % 24 < hours
    one = window("Allow", f"0 {hour} * * *", f"{hours}h", timeZone="Asia/Kolkata")
    assert (closed((one,), "SpecChanged", now) is None) == open_


def test_what_is_closed_is_told() -> None:
    assert str(Closed("nights", 0.0)) == "change window nights, opens at 1970-01-01T00:00:00Z"
