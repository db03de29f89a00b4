"""What would change nothing is not asked for: whoever asks is told what would."""

from typing import Any, NamedTuple

import pytest

from pilothouse.cli.choosing import replaceable
from pilothouse.cli.errors import Refused
from pilothouse.cli.objects import ApplicationObject
from pilothouse.cli.requests import futile, idle, standing, with_request
from tests.unit.cli import samples


class Case(NamedTuple):
    changes: dict[str, Any]
    why: str
    reason: str
    idle: bool = False


def stalled(reason: str, message: str = "the mend") -> dict[str, Any]:
    return {"status__conditions": [{"type": "Stalled", "status": "True", "reason": reason, "message": message}]}


READY = {"status__conditions": [{"type": "Ready", "status": "True", "reason": "Converged"}]}
GOING = {"metadata__deletionTimestamp": "2026-10-31T12:34:22Z"}
SUSPENDED = "it is suspended: set spec.suspend to false, and it goes on by itself"
CASES = {
    "ready": Case(READY, "", "nothing failed", idle=True),
    "ready for an older spec": Case({**READY, "metadata__generation": 8}, "", "the newest may fail"),
    "ready, and being deleted": Case({**READY, **GOING}, "", "its deletion may be what failed"),
    "on its way": Case({}, "", "a step that is refused is on its way as well"),
    "a step failed": Case(stalled("StepFailed"), "", "this is what it is for"),
    "waits for a person": Case(stalled("ApprovalNeeded"), "the mend", "no other try approves a Plan"),
    "protected": Case(stalled("DeletionProtected"), "the mend", "it is meant to fail"),
    "the fleet is suspended": Case(stalled("Suspended"), "the mend", "nothing is sent"),
    "suspended": Case({"spec__suspend": True}, SUSPENDED, "nothing is sent"),
    "suspended and going": Case({"spec__suspend": True, **GOING}, "", "deletion works all the same"),
    "waited for a person": Case({**stalled("ApprovalNeeded"), "metadata__generation": 8}, "", "it may not now"),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_another_try_is_asked_for_where_it_may_help(case: Case) -> None:
    application = samples.application(**case.changes)
    assert idle(application) is case.idle, case.reason
    assert futile(application) == case.why, case.reason


CACHE = "aws-eu-west-1/awsInstance/cache-node=0:i-1"
QUEUE = "aws-eu-west-1/awsQueue/orders=0:https://sqs/orders"


def asked(text: str, *done: str) -> ApplicationObject:
    """The Application, asked to replace what `text` names, of which some is `done`."""
    return samples.application(metadata__annotations={"pilothouse.dev/replace": text}, status__replaced=list(done))


def test_a_request_joins_those_that_stand_and_takes_the_place_of_those_that_are_done() -> None:
    chosen = replaceable(samples.application(), "cache-node")
    assert with_request(samples.application(), chosen) == CACHE
    assert with_request(asked(QUEUE), chosen) == f"{QUEUE} {CACHE}"
    assert with_request(asked(f"{QUEUE}  x", QUEUE), chosen) == f"x {CACHE}"
    assert standing(asked(f"{QUEUE} {CACHE}", QUEUE)) == [CACHE]


def test_no_more_is_asked_for_than_the_operator_reads() -> None:
    application = asked(" ".join(f"x{number}" for number in range(20)))
    with pytest.raises(Refused, match="20 replacements are asked for already: approve their Plan, or take some out"):
        with_request(application, replaceable(application, "cache-node"))


def test_a_request_older_than_the_thing_that_it_names_has_to_be_taken_back_first() -> None:
    application = asked(CACHE, CACHE)
    with pytest.raises(Refused, match=r"kubectl annotate phapp checkout --namespace=shop pilothouse.dev/replace-$"):
        with_request(application, replaceable(application, "cache-node"))
