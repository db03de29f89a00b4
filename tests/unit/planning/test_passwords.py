"""A password of ours is given to its users once its thing has it, and not because it is made from another key now."""

from dataclasses import replace
from typing import Final

import pytest

from pilothouse.api.application import Settled
from pilothouse.api.drift import DriftPolicy, DriftRule
from pilothouse.api.plan import Change, Impact
from pilothouse.dataplane.types import Reading, Ref, Sensitive, Want
from pilothouse.desired.state import Target
from pilothouse.observed.snapshot import Sighting
from pilothouse.planning.hashes import Hasher
from pilothouse.planning.outputs import missing
from pilothouse.planning.plan import Proposal, Subject
from pilothouse.planning.standing import Standing
from tests.unit.planning.things import (
    HASHER,
    OTHERS,
    SETTLED,
    SUBJECT,
    UNKNOWN,
    Safe,
    ThingSpec,
    applied,
    desired,
    ledger,
    mark,
    plan,
    present,
    reading,
    steps,
    target,
)

LOCK: Final = "lock"


class Locked(Safe):
    """A thing that shows which password it has, as the digest in a tag does."""

    def beyond(self, want: Want[ThingSpec], have: Reading) -> tuple[Change, ...]:
        same = have.outputs[LOCK] == want.password
        return () if same else (Change.model_validate({"path": LOCK, "from": "***", "to": "***"}),)

    def impact(self, path: str) -> Impact:
        return "Disruptive" if path == LOCK else super().impact(path)


LOCKED = target("a", kind=Locked("locked"))
USER = replace(target("b"), after=frozenset({LOCKED.key}))
NEW_KEY = Hasher(b"another key")
OLD, NEW = HASHER.password(mark("a")), NEW_KEY.password(mark("a"))
LOST = replace(SUBJECT, hasher=NEW_KEY, standing=OTHERS)
SUBJECTS = {
    "the key was lost": LOST,
    "and the Application was not well": replace(LOST, standing=replace(OTHERS, before=Settled())),
    "and somebody has asked for something": replace(
        LOST, standing=Standing(SETTLED.model_copy(update={"generation": 4, "edition": "2.0.0 hmac:2"}), SETTLED)
    ),
}
KNOWN = replace(SUBJECT, standing=Standing(SETTLED, SETTLED))
POLICIES: tuple[DriftPolicy, ...] = ("Correct", "Report", "Ignore")


def used(password: object) -> Target:
    return replace(USER, spec=USER.spec.model_copy(update={"password": password}))


def having(password: Sensitive) -> Sighting:
    one = reading("a")
    return present(replace(one, outputs={**one.outputs, LOCK: password}))


def found(subject: Subject, lock: Sighting, policy: DriftPolicy = "Report") -> Proposal:
    """What is proposed about the thing, which is under the policy, and its user, which is not and has the old one."""
    wanted = desired(replace(LOCKED, drift=DriftRule(policy=policy)), used(Ref("a", "password")))
    outputs = {"outputs": {"address": "addr-a-1"}, "settled": SETTLED}
    entries = [one.model_copy(update=outputs) for one in (applied(LOCKED), applied(used(OLD)))]
    user = present(replace(reading("b"), spec=used(OLD).spec))
    return plan(wanted, ledger(*entries), {LOCKED.key: lock, USER.key: user}, subject=subject)


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("subject", SUBJECTS.values(), ids=SUBJECTS)
def test_with_another_key_it_is_set_anew_before_anybody_uses_it(subject: Subject, policy: DriftPolicy) -> None:
    """Others have not changed it, so that it differs is no drift, whatever is to become of that."""
    before, after = (found(subject, having(password), policy) for password in (OLD, NEW))
    assert steps(before) == ["update-a"]
    assert before.findings[USER.key].waiting == "sky/thing/b: ${a.password} is not known yet"
    assert steps(after) == ["update-b"]


def test_that_waits_for_approval_where_nobody_has_asked_for_anything() -> None:
    (step,) = found(LOST, having(OLD)).steps
    assert (step.impact, step.gated) == ("Disruptive", True)


@pytest.mark.parametrize("subject", SUBJECTS.values(), ids=SUBJECTS)
def test_nobody_uses_it_while_it_is_not_seen_whether_it_is_set(subject: Subject) -> None:
    assert steps(found(subject, UNKNOWN)) == []


@pytest.mark.parametrize("lock", [UNKNOWN, having(OLD), having(NEW)], ids=["unseen", "as it was", "changed"])
def test_whoever_uses_what_we_have_set_waits_for_no_sight_of_it(lock: Sighting) -> None:
    """What others changed and is only reported is theirs to put back."""
    proposal = found(KNOWN, lock)
    assert steps(proposal) == []
    assert proposal.findings[USER.key].waiting == ""


def test_what_is_taken_over_and_never_had_it_gets_it_first() -> None:
    user = used(Ref("a", "password"))
    lock = having(NEW_KEY.password(mark("z")))
    known = ledger(applied(LOCKED).model_copy(update={"applied_hash": ""}))
    proposal = plan(desired(LOCKED, user), known, {LOCKED.key: lock}, subject=KNOWN)
    assert steps(proposal) == ["update-a", "create-b"]
    want = proposal.drafts["create-b"].want
    assert want is not None
    assert missing(want.spec) == (Ref("a", "password"),)
