"""Random histories keep every promise, those that once did not are told again, and without a rule some do not."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from pilothouse.api.application import LedgerEntry
from pilothouse.applying import executor, selecting, spent
from pilothouse.controller import destroying, observing, permits, reconcile
from pilothouse.dataplane.types import Mark
from pilothouse.observed import snapshot
from pilothouse.planning import diff
from tests.crash.cloud import Trouble
from tests.crash.histories import LONG, Histories
from tests.crash.lives import Aim
from tests.crash.scenarios import OWNER, resource
from tests.crash.world import Leadership

Patch = pytest.MonkeyPatch
SHORT = settings(LONG, max_examples=300, derandomize=True)
UNTIL_ONE_BREAKS = settings(SHORT, max_examples=1_500, phases=[Phase.generate])
"""Several times as many as it takes, mostly: which ones are played depends on every line that is called."""


@pytest.mark.slow
@pytest.mark.timeout(1_200)
def test_random_histories_keep_every_promise() -> None:
    """What fails is made as short as can be, which takes minutes, and printed as the steps of a test."""
    before = Histories.played.histories
    run_state_machine_as_test(Histories, settings=SHORT)
    assert Histories.played.histories - before >= SHORT.max_examples


# What random histories have found


@pytest.fixture
def history() -> Iterator[Histories]:
    """A history to be told; it is judged at its end, and wherever the test asks for that."""
    history = Histories()
    yield history
    history.promises_hold()
    history.teardown()


def test_a_resource_that_becomes_one_of_another_type_is_not_taken_for_what_it_was(history: Histories) -> None:
    """Its token was that of the first one, and a provider that looks at nothing else answers with that."""
    history.begin("Alias", lag=0, hourly=600, first=[resource("a", "namedThing")], course=2)
    history.apply([resource("a", "tokenedThing")], course=2)


def test_what_was_read_to_be_gone_is_not_there_again_because_a_search_is_behind(history: Histories) -> None:
    """It was called Ready, and its incarnation went back."""
    history.begin("Alias", lag=1, hourly=600, first=[resource("a", "tokenedThing")], course=2)
    history.start_anew()
    history.remove_thing(which=0, course=0)
    history.take_a_pass()
    history.promises_hold()
    history.take_a_pass()
    assert history.world.status().resources[0].state == "Gone"


def test_what_somebody_took_is_not_taken_over_because_a_search_is_behind(history: Histories) -> None:
    """What the search showed counted as the read just before sending."""
    kept = resource("b", "tokenlessThing") | {"deletionPolicy": "Retain"}
    history.begin("Alias", lag=2, hourly=600, first=[kept], course=2)
    history.leave_out(which=0, course=2)
    history.apply([resource("b", "tokenlessThing")], course=0)
    history.strip_mark(which=0)
    history.take_a_pass()


def test_what_was_put_right_is_not_called_ready_because_a_listing_shows_how_it_was_before(history: Histories) -> None:
    """A process that begins anew has only listings, and they were taken for what came of the change."""
    history.begin("Thing", lag=2, hourly=600, first=[resource("a", "tokenedThing")], course=3)
    history.change_thing(which=0, field="size", course=0)
    history.sweep()
    history.take_a_pass()
    history.start_anew()
    history.take_a_pass()


def test_a_change_that_is_taken_back_is_not_there_because_a_listing_shows_how_it_was_before(history: Histories) -> None:
    """The listing was newer than the read after the change, and counted."""
    history.begin("Thing", lag=1, hourly=600, first=[resource("a", "tokenedThing")], course=3)
    history.change(("size", 3), which=0, course=0)
    for _ in range(2):
        history.take_a_pass()
    history.wait(5)
    history.sweep()
    history.change(("size", None), which=0, course=0)
    history.take_a_pass()


@pytest.mark.parametrize("policy", ["Retain", "Delete"])
def test_a_thing_whose_new_name_nobody_has_agreed_to_write_on_it_is_its_resources_all_the_same(
    policy: str, history: Histories
) -> None:
    """One that says Retain was let go without a word on it, found under its old name, and destroyed."""
    history.begin(
        "Alias", lag=0, hourly=600, first=[resource("b", "namedThing") | {"deletionPolicy": policy}], course=2
    )
    history.decide(("fleet", "approval_floor", "Always"))
    history.rename(which=0, name="x", course=2)
    history.delete(course=4)
    assert history.world.server.application is None
    left = [thing.mark for thing in history.world.cloud.things.values() if thing.mark]
    assert left == ([Mark(OWNER, "x", "")] if policy == "Retain" else [])


def test_what_is_on_record_is_no_extra_because_it_bears_a_name_that_another_one_has_now(history: Histories) -> None:
    """It was destroyed, and nobody was asked: what an unfinished create leaves behind needs no approval."""
    history.begin("Alias", lag=0, hourly=600, first=[resource("b", "namedThing")], course=2)
    history.decide(("fleet", "approval_floor", "Always"))
    history.rename(which=0, name="a", course=1)
    history.decide(("fleet", "approval_floor", "Automatic"))
    history.apply([resource("x", "namedThing")], course=3)
    history.rename(which=0, name="b", course=3)


def test_a_resource_that_is_renamed_twice_in_a_row_is_still_the_first_one(history: Histories) -> None:
    """The second time its mark was about to be written anew: another one was made, and it was to be deleted."""
    history.begin("Alias", lag=0, hourly=600, first=[resource("b", "namedThing")], course=2)
    history.rename(which=0, name="a", course=Aim("api status", 0, kills=True, after=True))
    history.rename(which=0, name="x", course=3)
    assert [thing.id for thing in history.world.cloud.things.values() if thing.mark] == ["shop-checkout-b"]


@pytest.mark.parametrize("style", ["Alias", "Note", "Thing"])
@pytest.mark.parametrize("approval", ["Automatic", "Always"])
def test_what_was_renamed_and_then_denied_is_found_under_the_name_it_was_made_with(
    style: str, approval: str, history: Histories
) -> None:
    """Looked for by its new name it was not there, so it was waited for without end, or another one was made."""
    three = [resource("a", "namedThing"), resource("b", "tokenedThing"), resource("c", "tokenlessThing")]
    history.begin(style, lag=0, hourly=600, first=three, course=4)
    made = sorted(thing.id for thing in history.world.cloud.things.values() if thing.mark)
    history.decide(("fleet", "approval_floor", approval))
    history.rename(which=0, name="y", course=4)
    history.lie(40)
    for _ in range(2):
        history.sweep()
        history.take_a_pass()
    assert {(one.id, one.lost_id) for one in history.world.status().resources} == {("", one) for one in made}
    history.wait(130)
    history.sweep()
    history.resume()
    history.work(3)
    assert sorted(thing.id for thing in history.world.cloud.things.values() if thing.mark) == made
    assert {(one.id, one.lost_id, one.lost_at) for one in history.world.status().resources} == {
        (one, "", "") for one in made
    }


def test_what_was_renamed_twice_and_then_denied_is_found_with_the_name_between_on_it(history: Histories) -> None:
    """Its record told the first name and the last, and it was waited for without end."""
    three = [resource(name, "tokenlessThing") for name in ("a", "b", "c")]
    history.begin("Alias", lag=0, hourly=600, first=three, course=4)
    history.rename(which=0, name="x", course=Aim("cloud Mark", 0, kills=True, after=True))
    history.rename(which=0, name="y", course=Aim("cloud Mark", 0, kills=False))
    history.lie(40)
    history.work(2)
    assert {one.id for one in history.world.status().resources} == {""}
    history.wait(130)
    history.sweep()
    history.resume()
    history.work(3)
    assert {one.id for one in history.world.status().resources} == {f"tokenlessAlias-{n}" for n in (1, 2, 3)}


def test_what_is_renamed_and_found_late_is_not_retired_under_its_name_before(history: Histories) -> None:
    """The look that found what a frozen process had made was of the pass that removed what was not wanted."""
    history.begin(
        "Alias", lag=1, hourly=600, first=[resource("b", "tokenlessThing")], course=Aim("cloud Create", 0, kills=False)
    )
    history.decide(("changePolicy", "approval", "Automatic"))
    history.rename(which=0, name="a", course=6)
    assert [(one.name, one.id) for one in history.world.status().resources] == [("a", "tokenlessAlias-1")]


def test_what_is_to_be_retained_after_all_is_not_let_go_while_its_deletion_may_come(history: Histories) -> None:
    """The Application was gone by then, and said nothing of what became of it."""
    history.begin("Alias", lag=0, hourly=600, first=[resource("a", "tokenlessThing")], course=2)
    history.delete(course=Aim("cloud Delete", 0, kills=False))
    history.change(("deletionPolicy", "Retain"), which=0, course=0)
    history.take_a_pass()
    assert [intent.action for intent in history.world.status().in_flight] == ["Delete"]
    history.wake(0)
    assert [thing.id for thing in history.world.cloud.things.values() if thing.mark] == []
    history.work(2)
    assert history.world.server.application is None


def test_what_was_seen_under_a_name_that_is_taken_up_again_is_older_than_the_change_between(history: Histories) -> None:
    """It was called Ready by what a look had found before its mark was written under the other name."""
    history.begin("Alias", lag=0, hourly=600, first=[resource("a", "tokenlessThing")], course=4)
    history.rename(which=0, name="b", course=1)
    history.decide(("fleet", "approval_floor", "Always"))
    history.rename(which=0, name="a", course=2)


def test_what_was_denied_and_bears_no_mark_any_more_is_for_a_person_to_decide_on(history: Histories) -> None:
    """Listings that show no marks showed it, and it was waited for without end."""
    history.begin("Alias", lag=0, hourly=600, first=[resource("a", "tokenlessThing")], course=4)
    history.lie(40)
    history.sweep()
    history.take_a_pass()
    history.strip_mark(which=0)
    history.wait(130)
    history.work(3)
    status = history.world.status()
    assert [(one.id, one.lost_id) for one in status.resources] == [("", "tokenlessAlias-1")]
    assert status.conditions[0].reason == "NameConflict"


@pytest.mark.parametrize("kind", ["tokenedThing", "tokenlessThing", "namedThing"])
def test_a_resource_that_is_renamed_while_it_is_made_is_made_once(kind: str, history: Histories) -> None:
    """Another one was made under the new name, and the first was to be deleted."""
    history.begin(
        "Alias", lag=2, hourly=600, first=[resource("b", kind)], course=Aim("cloud Create", 0, kills=True, after=True)
    )
    history.rename(which=0, name="a", course=3)
    for _ in range(4):
        history.wait(100)
        history.sweep()
        history.take_a_pass()
    made = [entry.id for entry in history.world.cloud.journal if entry.operation == "Create"]
    assert [one for one in history.world.cloud.things if not one.startswith("found-")] == made
    assert [(entry.name, entry.id) for entry in history.world.status().resources] == [("a", *made)]


def test_a_name_that_is_used_again_is_not_that_of_the_thing_that_had_it_before(history: Histories) -> None:
    """The token was that of the first one, so the create was answered with it, and it was on record twice."""
    first = resource("d", "tokenedThing", size=2)
    history.begin("Alias", lag=0, hourly=600, first=[first], course=Aim("cloud Create", 1, kills=False))
    history.rename(which=0, name="y", course=0)
    for _ in range(5):
        history.sweep()
    history.ask_to_replace(course=1, which=0)
    history.sweep()
    history.sweep()
    history.change(("size", None), which=0, course=2)
    history.remove_thing(which=3, course=0)
    history.apply([first], course=0)
    history.take_a_pass()


def renamed_and_its_mark_lost(history: Histories) -> dict[str, Any]:
    """Let a thing called d go on as a, and then lose its mark, so that no listing shows it; return what d was."""
    first = resource("d", "namedThing")
    history.begin("Thing", lag=0, hourly=600, first=[first], course=2)
    history.rename(which=0, name="a", course=2)
    history.strip_mark(which=0)
    history.sweep()
    return first


def is_on_record_once(history: Histories) -> None:
    """Hold that what was d is a, and that the next d is told so."""
    assert {entry.name: entry.id for entry in history.world.status().resources} == {"a": "shop-checkout-d", "d": ""}
    assert history.world.status().conditions[0].reason == "NameConflict"


def test_a_name_that_is_used_again_does_not_find_what_lost_its_mark_under_another_one(history: Histories) -> None:
    """A create finds what has its name; no listing showed it any more, and it was on record twice."""
    first = renamed_and_its_mark_lost(history)
    history.apply([first], course=2)
    is_on_record_once(history)


def test_what_is_made_where_another_thing_of_that_name_stood_is_on_record_once(history: Histories) -> None:
    """The one that stood there was on record under its resource's next name: one thing was Ready for both."""
    first = renamed_and_its_mark_lost(history)
    history.apply([first, resource("a", "namedThing")], course=Aim("cloud Create", 0, kills=False))
    history.remove_thing(which=3, course=0)
    history.wake(0)
    history.work(2)
    is_on_record_once(history)


@pytest.mark.parametrize("kind", ["tokenedThing", "tokenlessThing", "namedThing"])
def test_a_name_is_not_used_again_before_what_had_it_bears_its_new_one(kind: str, history: Histories) -> None:
    """Two steps of one Plan took over the same thing, for both resources, and it was on record twice."""
    history.begin("Alias", lag=0, hourly=600, first=[resource("b", kind)], course=2)
    made = history.world.status().resources[0].id
    history.decide(("fleet", "approval_floor", "Always"))
    history.rename(which=0, name="a", course=1)
    history.apply([resource("a", kind), resource("b", kind)], course=2)
    history.approve(course=2)
    history.decide(("fleet", "approval_floor", "Automatic"))
    history.work(3)
    known = {entry.name: entry.id for entry in history.world.status().resources}
    assert known.pop("a") == made
    named = kind == "namedThing"
    assert history.world.status().conditions[0].reason == ("NameConflict" if named else "Converged")
    assert [identifier != made for identifier in known.values()] == ([] if named else [True])


@pytest.mark.parametrize("kind", ["tokenedThing", "tokenlessThing", "namedThing"])
@pytest.mark.parametrize("floor", ["Always", "Automatic"])
def test_a_new_name_that_is_taken_back_leaves_one_thing_for_one_resource(
    kind: str, floor: str, history: Histories
) -> None:
    """It waited without end for a mark that nobody would write any more, if that was not written yet.

    If it was, one is taken out and another one declared: what has the name goes, and then there is another one.
    """
    history.begin("Alias", lag=0, hourly=600, first=[resource("b", kind)], course=2)
    made = history.world.status().resources[0].id
    history.decide(("fleet", "approval_floor", floor))
    history.rename(which=0, name="a", course=2)
    history.decide(("fleet", "approval_floor", "Automatic"))
    history.decide(("changePolicy", "approval", "Automatic"))
    history.apply([resource("b", kind)], course=6)
    (entry,) = history.world.status().resources
    assert history.world.status().conditions[0].reason == "Converged"
    assert entry.name == "b"
    assert [thing.id for thing in history.world.cloud.things.values() if thing.mark] == [entry.id]
    deleted = [one.id for one in history.world.cloud.journal if one.operation == "Delete"]
    assert deleted == ([] if floor == "Always" else [made])


def test_a_name_is_a_conflict_while_what_has_it_bears_no_mark(history: Histories) -> None:
    """It was waited for: nothing would have written its mark."""
    history.begin("Thing", lag=0, hourly=600, first=[resource("b", "namedThing")], course=2)
    history.decide(("fleet", "approval_floor", "Always"))
    history.rename(which=0, name="a", course=2)
    history.strip_mark(which=0)
    history.sweep()
    history.apply([resource("a", "namedThing"), resource("b", "namedThing")], course=1)
    history.decide(("fleet", "approval_floor", "Automatic"))
    history.work(4)
    assert history.world.status().conditions[0].reason == "NameConflict"


def test_a_listing_is_behind_with_each_write_for_as_long_as_is_said_however_many_follow(history: Histories) -> None:
    """The double hid a thing for longer than any cloud would, for others were made meanwhile: it was made once more."""
    first, second, third = resource("a", "namedThing"), resource("b", "namedThing"), resource("c", "tokenlessThing")
    history.begin("Alias", lag=2, hourly=600, first=[first], course=0)
    history.apply([first, second], course=Aim("cloud Create", 0, kills=False))
    history.delete_plans()
    for _ in range(3):
        history.start_anew()
    history.wake(0)
    history.trouble([Trouble.DENIED, Trouble.LOST])
    history.remove_thing(course=0, which=0)
    history.apply([first, second, third], course=0)
    history.ask_to_replace(course=5, which=0)
    made = [entry.kind for entry in history.world.cloud.journal if entry.operation == "Create"]
    assert made.count("tokenlessAlias") == 1


@pytest.mark.parametrize("size", [1, 3])
def test_the_name_of_what_was_renamed_and_let_go_makes_another(size: int, history: Histories) -> None:
    """Its token is that of the first one: it was called Ready for both of them, or was never made at other settings."""
    retained = resource("b", "tokenedThing") | {"deletionPolicy": "Retain"}
    history.begin("Alias", lag=0, hourly=600, first=[retained], course=3)
    (first,) = history.world.status().resources
    history.rename(which=0, name="a", course=3)
    history.decide(("changePolicy", "approval", "Automatic"))
    history.leave_out(which=0, course=3)
    history.apply([resource("b", "tokenedThing", size=size)], course=0)
    for _ in range(3):
        history.take_a_pass()
        assert history.world.status().conditions[0].reason != "NameConflict", "nor is a person asked"
    history.wait(400)
    history.work(3)
    (entry,) = history.world.status().resources
    assert (history.world.status().conditions[0].reason, entry.incarnation) == ("Converged", 1)
    assert {first.id, entry.id} <= history.world.cloud.things.keys()
    assert first.id != entry.id


def test_a_create_that_was_refused_for_its_token_finds_what_the_first_one_made(history: Histories) -> None:
    """Listings are behind, so nothing is seen of it for minutes; another one would be one too many."""
    first = resource("b", "tokenedThing")
    history.begin("Alias", lag=2, hourly=600, first=[first], course=Aim("cloud Create", 0, kills=True, after=True))
    history.apply([resource("b", "tokenedThing", size=3)], course=1)
    history.take_a_pass()
    assert history.world.status().resources[0].spent_at
    history.wait(400)
    history.work(6)
    (entry,) = history.world.status().resources
    assert (history.world.status().conditions[0].reason, entry.incarnation, entry.spent_at) == ("Converged", 0, "")
    assert sum(one.operation == "Create" for one in history.world.cloud.journal) == 1


def test_what_was_let_go_and_taken_by_another_application_is_not_had_again(history: Histories) -> None:
    """It bears the very name, and the token is still that which made it."""
    retained = resource("a", "tokenedThing") | {"deletionPolicy": "Retain"}
    history.begin("Alias", lag=0, hourly=600, first=[retained], course=3)
    (first,) = history.world.status().resources
    history.decide(("changePolicy", "approval", "Automatic"))
    history.leave_out(which=0, course=3)
    theirs = Mark(replace(OWNER, application="billing"), "a", "app-9")
    history.world.cloud.meddle(first.id, replace(history.world.cloud.things[first.id], tag=theirs))
    history.apply([retained], course=4)
    (entry,) = history.world.status().resources
    assert (history.world.status().conditions[0].reason, entry.incarnation) == ("Converged", 1)
    assert first.id != entry.id


def test_what_is_renamed_there_and_back_and_again_while_it_is_made_is_made_once(history: Histories) -> None:
    """Its mark bears a name that the ledger does not know any more."""
    history.begin(
        "Thing", lag=0, hourly=600, first=[resource("a", "tokenedThing")], course=Aim("cloud Read", 0, kills=True)
    )
    history.world.cloud.troubles = [Trouble.DOWN] * 40
    for name in "ba":
        history.rename(which=0, name=name, course=0)
        history.take_a_pass()
    history.world.cloud.troubles = []
    history.rename(which=0, name="c", course=6)
    (entry,) = history.world.status().resources
    assert (history.world.status().conditions[0].reason, entry.name, entry.incarnation) == ("Converged", "c", 0)
    assert sum(one.operation == "Create" for one in history.world.cloud.journal) == 1


# Rules that are taken away


def without(check: Callable[..., str]) -> Callable[[Patch], None]:
    """Take one reason to wait away."""

    def patch(monkeypatch: Patch) -> None:
        monkeypatch.setattr(selecting, "_CHECKS", tuple(one for one in selecting._CHECKS if one is not check))

    return patch


def nothing_is_written_ahead(monkeypatch: Patch) -> None:
    async def write_ahead(*_: Any) -> None:
        return None

    monkeypatch.setattr(reconcile._Journal, "write_ahead", write_ahead)


def what_a_listing_lacks_is_gone(monkeypatch: Patch) -> None:
    needs_look = snapshot.needs_look

    def trusting(entry: LedgerEntry | None, evidence: Any, *, in_flight: bool) -> bool:
        known = entry is not None and entry.id and evidence.listed_at and entry.state != "Created"
        return not known and needs_look(entry, evidence, in_flight=in_flight)

    monkeypatch.setattr(snapshot, "needs_look", trusting)
    monkeypatch.setattr(observing, "needs_look", trusting)


def the_token_is_of_the_settings(monkeypatch: Patch) -> None:
    want_of = diff.want_of

    def spoiled(*given: Any) -> Any:
        want = want_of(*given)
        return replace(want, token=want.token + want.spec.model_dump_json())

    monkeypatch.setattr(diff, "want_of", spoiled)


def marks_are_not_checked(monkeypatch: Patch) -> None:
    monkeypatch.setattr(diff, "is_of", lambda *_: True)


def nobody_checks_who_leads(monkeypatch: Patch) -> None:
    """Nor how old an intent is: that stops most of those who were frozen as well."""
    monkeypatch.setattr(Leadership, "check", lambda _: None)
    monkeypatch.setattr(executor, "OLDEST_INTENT", float("inf"))


def retain_is_not_obeyed(monkeypatch: Patch) -> None:
    retire = diff.retire

    def deleted(context: Any, kind: Any, entry: LedgerEntry, *given: Any) -> Any:
        return retire(context, kind, entry.model_copy(update={"deletion_policy": "Delete"}), *given)

    monkeypatch.setattr(diff, "retire", deleted)


def suspension_is_ignored(monkeypatch: Patch) -> None:
    monkeypatch.setattr(permits, "halted", lambda *_: "")


def everybody_may_destroy(monkeypatch: Patch) -> None:
    monkeypatch.setattr(destroying, "granted", lambda _most, _spent, _ahead, wanted: wanted)


def listings_are_never_behind(monkeypatch: Patch) -> None:
    needs_look = snapshot.needs_look

    def trusting(entry: LedgerEntry | None, evidence: Any, *, in_flight: bool) -> bool:
        return needs_look(entry, replace(evidence, lags=False), in_flight=in_flight)

    monkeypatch.setattr(snapshot, "needs_look", trusting)
    monkeypatch.setattr(observing, "needs_look", trusting)


def a_refused_token_is_spent_at_once(monkeypatch: Patch) -> None:
    renew = spent.renew
    monkeypatch.setattr(spent, "renew", lambda book, seen, tokens: renew(book, seen, replace(tokens, window=0.0)))


TAKEN_AWAY: dict[str, Callable[[Patch], None]] = {
    "look again before it is repeated": without(selecting._outcome),
    "write ahead": nothing_is_written_ahead,
    "a direct read before it is made again": what_a_listing_lacks_is_gone,
    "the mark": marks_are_not_checked,
    "leadership": nobody_checks_who_leads,
    "the breaker": without(selecting._breaker),
    "approval": without(selecting._approval),
    "Retain": retain_is_not_obeyed,
    "suspension": suspension_is_ignored,
    "the budget of destruction": everybody_may_destroy,
}


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("rule", TAKEN_AWAY)
def test_without_a_rule_some_history_breaks_a_promise(rule: str, monkeypatch: Patch) -> None:
    TAKEN_AWAY[rule](monkeypatch)
    with pytest.raises(AssertionError):
        run_state_machine_as_test(Histories, settings=UNTIL_ONE_BREAKS)


def changed_while_its_create_may_come(history: Histories) -> None:
    """Let a create have its effect, and be sent again with other settings before anything shows it."""
    history.begin("Thing", lag=2, hourly=600, first=[resource("a", "tokenedThing")], course=0)
    history.trouble([Trouble.LOST])
    history.take_a_pass()
    history.change(("size", 3), which=0, course=2)


TOLD: dict[str, tuple[Callable[[Patch], None], Callable[[Histories], None]]] = {
    "a token that is not of the settings": (the_token_is_of_the_settings, changed_while_its_create_may_come),
    "a read after what a listing may show too late": (
        listings_are_never_behind,
        test_a_change_that_is_taken_back_is_not_there_because_a_listing_shows_how_it_was_before,
    ),
    "what a token made is waited for": (
        a_refused_token_is_spent_at_once,
        test_a_create_that_was_refused_for_its_token_finds_what_the_first_one_made,
    ),
}
"""Rules whose lack shows too seldom by chance: each with a history that shows it."""


@pytest.mark.parametrize("rule", TOLD)
def test_without_a_rule_the_history_that_is_told_of_it_breaks_a_promise(rule: str, monkeypatch: Patch) -> None:
    patch, tell = TOLD[rule]
    _to_its_end(Histories(), tell)
    patch(monkeypatch)
    with pytest.raises(AssertionError):
        _to_its_end(Histories(), tell)


def _to_its_end(history: Histories, tell: Callable[[Histories], None]) -> None:
    try:
        tell(history)
        history.promises_hold()
        history.teardown()
    finally:
        history.stage.close()
