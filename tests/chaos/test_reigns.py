"""What is told of leaders is found in a journal that is written by hand."""

from typing import Any

from tests.aws.journal import Entry
from tests.chaos.reigns import Reign, late, most_at_once

REIGNS = [Reign(10.0, "a"), Reign(30.0, "b"), Reign(50.0, "a")]


def entry(arrived: float, who: str, seconds: float = 1.0) -> Entry:
    rest: dict[str, Any] = {
        "parameters": {},
        "token": "",
        "ids": [],
        "outcome": "executed",
        "error": "",
        "replied": True,
    }
    agent = f"Boto3/1 pilothouse by/{who}"
    where = {"sequence": 0, "account": "", "region": "", "service": "sqs", "operation": "CreateQueue"}
    return Entry(time=arrived + seconds, arrived=arrived, agent=agent, **where, **rest)  # type: ignore[arg-type]


def test_who_sends_while_another_one_leads_is_late() -> None:
    journal = [
        entry(5, "a"),
        entry(11, "a"),
        entry(31, "b"),
        entry(32.5, "a"),
        entry(49, "b"),
        entry(51, "b"),
        entry(60, "a"),
    ]
    assert late(journal, REIGNS) == [2.5, 1.0]
    assert late(journal, []) == []


def test_what_is_under_way_is_counted_from_arrival_to_execution() -> None:
    journal = [entry(1, "a"), entry(1.5, "a"), entry(2, "a"), entry(9, "a")]
    assert most_at_once(journal, []) == 2
    assert most_at_once([], []) == 0


def test_what_a_process_sent_before_it_died_is_not_counted_as_that_of_the_next_one() -> None:
    journal = [entry(1, "a", 5), entry(1, "a", 5), entry(3, "a"), entry(3.5, "a")]
    assert most_at_once(journal, []) == 4
    assert most_at_once(journal, [(0.5, "a"), (2, "a")]) == 2
    assert most_at_once(journal, [(2, "b")]) == 4
