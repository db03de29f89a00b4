"""What people and tools such as Argo CD and kstatus read of an Application, concluded from one set of facts."""

from dataclasses import replace
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.api.application import Drift
from pilothouse.api.application_reasons import APPLICATION
from pilothouse.api.conditions import LONGEST, find
from pilothouse.controller.conditions import Facts, conditions, joined
from tests.unit.planning.things import entry, quick

REST = Facts(7)
UNREADY = (entry("a", state="Progressing", message="starting"), entry("b", state="Failed"))
STUCK = replace(REST, stalled=(("NameConflict", "a exists"), ("Refused", "b is wrong")), changing=True)
WAITING = replace(REST, waiting=("a is being deleted",))


class Case(NamedTuple):
    facts: Facts
    ready: tuple[str, str, str]
    reconciling: str
    stalled: str
    reason: str


CASES = {
    "at rest": Case(REST, ("True", "Converged", "everything is as it should be"), "False", "False", "done"),
    "at rest, and not as good as it might be": Case(
        replace(REST, advice=("workload web: give it a probe",)),
        ("True", "Converged", "everything is as it should be; advice: workload web: give it a probe"),
        "False",
        "False",
        "what works is not stuck, but people should know",
    ),
    "applying": Case(
        replace(REST, changing=True), ("Unknown", "Applying", "carrying out the Plan"), "True", "False", "on the way"
    ),
    "applying, waiting": Case(
        replace(WAITING, changing=True), ("Unknown", "Applying", "a is being deleted"), "True", "False", "on the way"
    ),
    "applying, not Ready yet": Case(
        replace(REST, changing=True, unready=UNREADY),
        ("Unknown", "Applying", "sky/thing/a: starting; sky/thing/b: Failed"),
        "True",
        "False",
        "a person must see what holds it up, such as pods that the cluster does not admit",
    ),
    "waiting": Case(WAITING, ("Unknown", "Progressing", "a is being deleted"), "True", "False", "on the way"),
    "begun, and nobody knows yet what became of it": Case(
        replace(REST, unready=(entry("a", state="", message=""),)),
        ("Unknown", "Progressing", "sky/thing/a: not made yet"),
        "True",
        "False",
        "no message is without a word",
    ),
    "not Ready yet": Case(
        replace(REST, unready=UNREADY),
        ("Unknown", "Progressing", "sky/thing/a: starting; sky/thing/b: Failed"),
        "True",
        "False",
        "the Data Plane is at work; a state stands in for a message that is missing",
    ),
    "stuck": Case(
        STUCK, ("False", "NameConflict", "a exists; b is wrong"), "False", "True", "only a person can help, with either"
    ),
    "approval": Case(
        replace(REST, changing=True, approval="approve with: ..."),
        ("False", "ApprovalNeeded", "approve with: ..."),
        "False",
        "True",
        "a person is asked",
    ),
    "stuck and approval": Case(
        replace(STUCK, approval="approve"),
        ("False", "NameConflict", "a exists; b is wrong"),
        "False",
        "True",
        "what is broken before what is asked",
    ),
    "suspended, at rest": Case(
        replace(REST, suspended="spec.suspend is true"),
        ("True", "Suspended", "spec.suspend is true"),
        "False",
        "False",
        "nothing is to be changed, so nothing is held up",
    ),
    "suspended, with something to do": Case(
        replace(REST, suspended="spec.suspend is true", changing=True),
        ("False", "Suspended", "spec.suspend is true"),
        "False",
        "True",
        "a person holds it up",
    ),
    "suspended, not Ready": Case(
        replace(REST, suspended="spec.suspend is true", unready=UNREADY[1:]),
        ("Unknown", "Progressing", "sky/thing/b: Failed"),
        "True",
        "False",
        "a suspended Application whose pods are down is not Ready",
    ),
    "outdated": Case(
        replace(REST, outdated=("a: since noon",)),
        ("Unknown", "ObservationOutdated", "a: since noon"),
        "True",
        "False",
        "what was last seen may be no more",
    ),
    "outdated, not Ready": Case(
        replace(REST, outdated=("a: since noon",), unready=UNREADY[:1]),
        ("Unknown", "ObservationOutdated", "a: since noon; sky/thing/a: starting"),
        "True",
        "False",
        "what holds it up may be no more",
    ),
    "outdated, applying": Case(
        replace(REST, outdated=("a: since noon",), changing=True),
        ("Unknown", "Applying", "a: since noon"),
        "True",
        "False",
        "what is read before each step goes on",
    ),
    "deleting": Case(
        replace(REST, deleting=True),
        ("Unknown", "Deleting", "deleting what is owned"),
        "True",
        "False",
        "on its way out",
    ),
    "deleting, waiting": Case(
        replace(WAITING, deleting=True, changing=True),
        ("Unknown", "Deleting", "a is being deleted"),
        "True",
        "False",
        "why",
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_an_application_is_done_on_its_way_or_stuck(case: Case) -> None:
    ready, reconciling, stalled, *_ = conditions(case.facts)
    assert (ready.status, ready.reason, ready.message) == case.ready, case.reason
    assert reconciling.status == case.reconciling, case.reason
    assert stalled.status == case.stalled, case.reason


MESSAGES = st.lists(st.text("ab", min_size=1, max_size=2), max_size=3).map(tuple)
FACTS = st.builds(
    Facts,
    generation=st.just(7),
    stalled=st.lists(st.tuples(st.just("Why"), st.text("ab", min_size=1)), max_size=2).map(tuple),
    approval=st.sampled_from(["", "approve"]),
    waiting=MESSAGES,
    changing=st.booleans(),
    deleting=st.booleans(),
    suspended=st.sampled_from(["", "suspended"]),
    unready=st.sampled_from([(), UNREADY]),
)


MEND = "stop the other, or leave the field out here"
FOUGHT = Drift(path="spec.replicas", desired="2", observed="5", by="helm", contested=True)
DRIFTED = {
    "changed": (
        (Drift(path="size", by="helm"),),
        ("ChangedOutside", "sky/thing/a: size"),
        "it is about to be put right, or only to be shown",
    ),
    "contested": (
        (Drift(path="size"), FOUGHT),
        (
            "Contested",
            f"sky/thing/a: spec.replicas is set to 5 again and again by helm; it is left so. {MEND}",
        ),
        "somebody else has to be stopped, and is named",
    ),
    "contested by nobody knows whom": (
        (FOUGHT.model_copy(update={"by": "", "observed": ""}),),
        (
            "Contested",
            f"sky/thing/a: spec.replicas is set to nothing again and again by somebody else; it is left so. {MEND}",
        ),
        "clouds do not tell",
    ),
}


@pytest.mark.parametrize(("drift", "told", "reason"), DRIFTED.values(), ids=DRIFTED)
def test_drift_is_told_with_who_insists(drift: tuple[Drift, ...], told: tuple[str, str], reason: str) -> None:
    found = find(conditions(replace(REST, drifted=(entry("a", drift=drift),))), "Drifted")
    assert found is not None
    assert (found.status, found.reason, found.message) == ("True", *told), reason


@given(FACTS)
@quick
def test_every_condition_speaks_of_a_generation_and_has_a_reason_for_machines(facts: Facts) -> None:
    for condition in conditions(facts):
        assert condition.observed_generation == 7
        assert condition.reason.isalpha()


@pytest.mark.parametrize(
    ("facts", "status", "reason", "message"),
    [
        (replace(REST, approval="approve"), "False", "ApprovalNeeded", "approve"),
        (replace(REST, approved_by="annotation"), "True", "Approved", "annotation"),
        (REST, "True", "NothingToApprove", ""),
    ],
    ids=["asked", "approved", "nothing to approve"],
)
def test_whether_the_plan_is_approved_is_told_by_itself(facts: Facts, status: str, reason: str, message: str) -> None:
    found = find(conditions(facts), "PlanApproved")
    assert found is not None
    assert (found.status, found.reason, found.message) == (status, reason, message)


def test_drift_is_told_by_path() -> None:
    drifted = entry("a", drift=(Drift(path="size"), Drift(path="tags")))
    found = find(conditions(replace(REST, drifted=(drifted,))), "Drifted")
    assert found is not None
    assert (found.status, found.reason) == ("True", "ChangedOutside")
    assert found.message == "sky/thing/a: size; sky/thing/a: tags"
    quiet = find(conditions(REST), "Drifted")
    assert quiet is not None
    assert (quiet.status, quiet.reason) == ("False", "NoDrift")


def test_many_messages_are_counted_and_the_same_one_is_told_once() -> None:
    assert joined(["a", "b", "a"]) == "a; b"
    assert joined([str(number) for number in range(8)]) == "0; 1; 2; 3; 4; and 3 more"
    assert joined([]) == ""


def test_a_message_is_as_long_as_the_api_takes() -> None:
    """One that says why of each of hundreds of Cells would else stop every pass, and be told nowhere."""
    found = find(conditions(replace(REST, stalled=(("DoesNotFit", "x" * (LONGEST + 1)),))), "Stalled")
    assert found is not None
    assert len(found.message) == LONGEST
    assert found.message.endswith("x ... (cut)")
    found = find(conditions(replace(REST, stalled=(("DoesNotFit", "x" * LONGEST),))), "Stalled")
    assert found is not None
    assert found.message == "x" * LONGEST


STUCK_BY = sorted(reason.name for reason in APPLICATION.reasons if "Stalled=True" in reason.stands)
ANY_FACTS = [
    Facts(
        7,
        stalled=stalled,
        approval=approval,
        approved_by=approved_by,
        waiting=waiting,
        changing=changing,
        window=window,
        deleting=deleting,
        suspended=suspended,
        drifted=drifted,
        outdated=outdated,
    )
    for stalled in [(), *(((name, "because"),) for name in STUCK_BY)]
    for approval, approved_by in (("", ""), ("approve", ""), ("", "annotation"))
    for waiting in ((), ("a is being deleted",))
    for changing in (False, True)
    for window in ("", "opens at noon")
    for outdated in ((), ("a: since noon",))
    for deleting in (False, True)
    for suspended in ("", "spec.suspend is true")
    for drifted in ((), *((entry("a", drift=drift),) for drift, _, _ in DRIFTED.values()))
]


def test_everything_that_is_declared_of_an_application_is_said_and_nothing_else() -> None:
    said = {(each.type, each.status, each.reason) for facts in ANY_FACTS for each in conditions(facts)}
    assert said == APPLICATION.combinations
