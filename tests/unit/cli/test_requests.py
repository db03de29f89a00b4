"""What would change nothing is not asked for: whoever asks is told what would."""

from typing import Any, NamedTuple

import pytest

from pilothouse.cli.requests import futile, idle
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
