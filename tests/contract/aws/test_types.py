"""One suite for every AWS type in the catalog: a new one brings a table of example settings and gets all of this."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any, Literal

import pytest

from pilothouse.api.application import LedgerEntry
from pilothouse.catalog.registry import TYPES
from pilothouse.dataplane.aws import codes
from pilothouse.dataplane.errors import Conflict, Denied, Invalid, NotFound, NotNow, NotYet, OutcomeUnknown
from pilothouse.dataplane.types import Call, Creation, Mark, Owner, Reading
from pilothouse.importing.finding import Found
from pilothouse.importing.writing import settings
from pilothouse.observed.snapshot import Evidence, Look, Presence, needs_look, sight
from pilothouse.planning.hashes import Hasher
from tests.aws.server import AwsServer
from tests.contract.aws.example import Example, Fixed, Setting
from tests.contract.aws.examples import EXAMPLES
from tests.contract.aws.flight import OWNER, Flight, applied
from tests.contract.aws.place import PLACE

SETTINGS = [(kind, path) for kind, example in EXAMPLES.items() for path in example.settings]
TWO_WAY = [(kind, path) for kind, path in SETTINGS if not EXAMPLES[kind].settings[path].one_way]
FIXED = [(kind, path) for kind, example in EXAMPLES.items() for path in example.fixed]
OPTIONAL = [(kind, path) for kind, path in SETTINGS if EXAMPLES[kind].settings[path].default is not None]
REMOVABLE = [(kind, path) for kind, path in SETTINGS if EXAMPLES[kind].settings[path].removed]
TAGGED = {"tags": {"team": "orders"}}


@pytest.fixture
def setting(example: Example, path: str) -> Setting:
    return example.settings[path]


@pytest.fixture
def fixed(example: Example, path: str) -> Fixed:
    return example.fixed[path]


def test_no_example_is_of_a_type_that_nobody_can_use() -> None:
    assert {kind for kind, each in TYPES.items() if each.provider == "aws"} == set(EXAMPLES)


def test_every_field_has_an_example(example: Example) -> None:
    fields = {info.alias for info in example.type.model.model_fields.values()}
    assert {*example.settings, *example.fixed, *example.options} == fields, (
        "a field without an example is a field nobody has tried"
    )


async def test_what_was_created_reads_back_equal(flight: Flight) -> None:
    want = flight.want()
    have = await flight.create(want)
    assert flight.paths(want, have) == set()
    assert have.mark == want.mark
    assert set(have.outputs) == set(flight.example.type.outputs)


async def test_reading_twice_gives_the_same(flight: Flight) -> None:
    """The executor compares readings before it sends: one that changes by itself would stop it for ever."""
    have = await flight.create(flight.want(TAGGED))
    assert await flight.read(have.id) == have


async def test_a_plan_can_be_bound_to_what_is_read(flight: Flight) -> None:
    """A step that changes or removes a thing names the fingerprint of what was read, whatever a type notes there."""
    have = await flight.create(flight.want(TAGGED))
    seal = Hasher(b"any").hash(have.fingerprint or have.spec)
    again = await flight.read(have.id)
    assert Hasher(b"any").hash(again.fingerprint or again.spec) == seal


async def test_a_create_whose_reply_was_lost_is_found_and_can_be_repeated(flight: Flight, aws: AwsServer) -> None:
    want, kind = flight.want(), flight.example.type
    aws.inject("drop", f"*:{kind.create(want).operation}", count=1)
    with pytest.raises(OutcomeUnknown):
        await flight.provider.send(kind.create(want))
    (found,) = await flight.find(want)
    if kind.creation is Creation.TOKENLESS:
        return  # a second create makes a second one: that is why it is looked for first
    try:
        assert await flight.send_create(want) == found.id
    except Conflict:
        assert kind.creation is Creation.NAMED
    assert [each.id for each in await flight.find(want)] == [found.id]


async def test_a_create_that_aws_failed_halfway_is_looked_for(flight: Flight, aws: AwsServer) -> None:
    want = flight.want()
    aws.inject("error", f"*:{flight.example.type.create(want).operation}", count=1, executed=True)
    with pytest.raises(OutcomeUnknown):
        await flight.provider.send(flight.example.type.create(want))
    assert [reading.mark for reading in await flight.find(want)] == [want.mark]


@pytest.mark.parametrize(("example", "path"), SETTINGS, indirect=["example"])
async def test_a_field_is_changed_in_place(flight: Flight, path: str, setting: Setting) -> None:
    first = flight.want({**setting.beside, path: setting.first})
    second = flight.want({**setting.beside, **setting.then, path: setting.second})
    before = await flight.create(first)
    assert flight.paths(second, before) == {path, *setting.also, *setting.then}
    assert not flight.example.type.immutable(path)
    after = await flight.settle(before.id, second, applied(first))
    assert after.id == before.id
    assert after.mark == first.mark


@pytest.mark.parametrize(("example", "path"), [*SETTINGS, *FIXED], indirect=["example"])
async def test_what_is_imported_is_taken_over_as_it_is(flight: Flight, path: str) -> None:
    """Whatever the field: else somebody's first Plan would change what they only meant to take over."""
    each: Setting | Fixed = flight.example.settings.get(path) or flight.example.fixed[path]
    have = await flight.create(flight.want({**each.beside, path: each.first}))
    block = settings(Found(flight.example.type, have), {})
    spec = flight.example.type.model.model_validate(block)
    assert flight.example.type.diff(spec, have, frozenset()) == ()


@pytest.mark.parametrize(("example", "path"), TWO_WAY, indirect=["example"])
async def test_a_field_changed_by_somebody_else_is_seen_and_put_right(
    flight: Flight, path: str, setting: Setting
) -> None:
    want = flight.want({**setting.beside, path: setting.first})
    have = await flight.create(want)
    await flight.meddle(setting.behind, have, flight.want({**setting.beside, **setting.then, path: setting.second}))
    await flight.until(have.id, lambda seen: seen is not None and path in flight.paths(want, seen, applied(want)))
    mended = await flight.settle(have.id, want, applied(want))
    assert mended.mark == want.mark


@pytest.mark.parametrize(("example", "path"), FIXED, indirect=["example"])
async def test_a_field_that_cannot_change_asks_for_a_replacement(flight: Flight, path: str, fixed: Fixed) -> None:
    have = await flight.create(flight.want({**fixed.beside, path: fixed.first}))
    assert flight.paths(flight.want({**fixed.beside, **fixed.then, path: fixed.second}), have) == {path, *fixed.then}
    assert flight.example.type.immutable(path)


@pytest.mark.parametrize(("example", "path"), OPTIONAL, indirect=["example"])
async def test_a_field_left_out_again_gets_its_default(flight: Flight, path: str, setting: Setting) -> None:
    opposite = setting.second if setting.first == setting.default else setting.first
    first, without = flight.want({**setting.beside, path: opposite}), flight.want(setting.beside)
    before = await flight.create(first)
    assert flight.paths(without, before, applied(first)) == {path}
    await flight.settle(before.id, without, applied(first))
    assert flight.paths(flight.want({**setting.beside, path: setting.default}), await flight.read(before.id)) == set()


@pytest.mark.parametrize(("example", "path"), REMOVABLE, indirect=["example"])
async def test_a_field_left_out_again_is_removed(flight: Flight, path: str, setting: Setting) -> None:
    first, without = flight.want({**setting.beside, path: setting.first}), flight.want(setting.beside)
    before = await flight.create(first)
    assert flight.paths(without, before) == set(), "nobody of us set it, so it is left to whoever did"
    assert flight.paths(without, before, applied(first)) == {path}
    await flight.settle(before.id, without, applied(first))


async def test_what_was_deleted_is_gone_and_deleting_again_is_harmless(flight: Flight) -> None:
    have = await flight.create(flight.want())
    await flight.delete(have)
    assert await flight.find(flight.want()) == ()
    for call in flight.example.type.delete(have):
        with suppress(NotFound):
            await flight.provider.send(call)


async def test_what_is_in_use_is_not_deleted_and_the_answer_is_to_wait(flight: Flight, aws: AwsServer) -> None:
    if isinstance(flight.example.in_use, str):
        pytest.skip(flight.example.in_use)
    have = await flight.create(flight.want())
    flight.example.in_use(aws, have)
    with pytest.raises(NotYet):
        await flight.delete(await flight.read(have.id))
    assert await flight.look(have.id) is not None


async def test_a_listing_shows_what_is_ours_page_by_page_and_nothing_else(flight: Flight) -> None:
    several = flight.example.several
    readings = [await flight.create(flight.want(several(number), f"orders-{number}")) for number in range(7)]
    stranger, kind = flight.want(several(7), "orders-0"), flight.example.type
    theirs = Mark(Owner("control-plane-2", "shop", "checkout"), "orders-0", "uid-1")
    await flight.provider.send(
        kind.create(replace(stranger, mark=theirs, name=kind.name(theirs.owner, "orders-0"), token="theirs"))
    )
    lines = await flight.list(page=5, count=7)
    assert sorted(line.id for line in lines) == sorted(reading.id for reading in readings)
    assert {line.mark for line in lines} <= {None, *(reading.mark for reading in readings)}


async def test_a_listing_shows_either_no_reading_or_the_one_that_a_read_shows(flight: Flight) -> None:
    """Else a thing would seem to change with every look at it."""
    have = await flight.create(flight.want(TAGGED))
    (line,) = await flight.list(count=1)
    assert line.reading in (None, have)


@pytest.mark.parametrize(("fault", "more"), [("stale", {"behind": 100}), ("empty", {}), ("short", {})])
async def test_what_a_listing_does_not_show_is_never_taken_for_gone(
    flight: Flight, aws: AwsServer, fault: Literal["stale", "empty", "short"], more: dict[str, Any]
) -> None:
    aws.inject(fault, f"{flight.lists.service}:{flight.lists.operation}", **more)
    want = flight.want()
    identifier = await flight.send_create(want)
    lines = await flight.list()
    assert lines == []
    key = want.key
    entry = LedgerEntry(name=key.resource, type=key.type, cell=key.cell, id=identifier, state="Ready")
    evidence = Evidence(tuple(lines), listed_at=2.0)
    assert needs_look(entry, evidence, in_flight=False), "only a read of the thing itself can tell"
    look = Look((await flight.read(identifier),), at=3.0, of=identifier)
    seen = sight(entry, replace(evidence, look=look), want.mark, now=4.0, settles_in=0.0)
    assert seen.presence is Presence.PRESENT


async def test_adopting_rewrites_the_mark_and_nothing_else(flight: Flight) -> None:
    have = await flight.create(flight.want(TAGGED))
    theirs = Mark(OWNER, "orders", "uid-2", 3)
    for call in flight.example.type.adopt(have, replace(flight.want(), mark=theirs)):
        await flight.provider.send(call)
    after = await flight.read(have.id)
    assert (after.mark, after.spec) == (theirs, have.spec)


async def test_what_nobody_marked_reads_as_nobodys(flight: Flight) -> None:
    want, kind = flight.want(), flight.example.type
    create = kind.create(want)
    unmarked = without_tags(create.parameters)
    identifier = kind.identified(want, await flight.provider.send(Call(create.service, create.operation, unmarked)))
    assert (await flight.read(identifier)).mark is None
    found = [(each.id, each.mark) for each in await flight.find(want)]
    assert found in ([(identifier, None)], *([] if kind.creation is Creation.NAMED else [[]]))


async def test_wrong_settings_are_invalid(flight: Flight) -> None:
    create = flight.example.type.create(flight.want(flight.example.wrong))
    with pytest.raises(Invalid, match=f"{create.operation} in {PLACE.region} of account {PLACE.account}"):
        await flight.provider.send(create)


async def test_a_throttled_call_had_no_effect(flight: Flight, aws: AwsServer) -> None:
    create = flight.example.type.create(flight.want())
    aws.inject("throttle", f"*:{create.operation}", count=1)
    with pytest.raises(NotYet):
        await flight.provider.send(create)
    assert await flight.find(flight.want()) == ()


async def test_a_call_that_is_not_allowed_says_what_to_allow(flight: Flight, aws: AwsServer) -> None:
    have = await flight.create(flight.want())
    first = flight.example.type.delete(have)[0]
    aws.inject("deny", f"*:{first.operation}")
    with pytest.raises(Denied, match=f"allow {codes.action(first.service, first.operation)} in the policies"):
        await flight.delete(have)


@pytest.mark.parametrize("fault", ["error", "drop", "throttle"])
async def test_a_listing_that_fails_raises_rather_than_ends(
    flight: Flight, aws: AwsServer, fault: Literal["error", "drop", "throttle"]
) -> None:
    """A short listing must look like an outage, not like things that are gone."""
    for number in range(6):
        await flight.create(flight.want(flight.example.several(number), f"orders-{number}"))
    aws.inject(fault, f"*:{flight.lists.operation}", count=1, after=1 if flight.page_size else 0)
    with pytest.raises(NotNow):
        await flight.list(page=5)


async def test_a_thing_too_new_to_be_seen_reads_as_not_there(flight: Flight, aws: AwsServer) -> None:
    aws.inject("not_found", "*:*", behind=2)
    identifier = await flight.send_create(flight.want())
    assert await flight.look(identifier) is None
    found = await flight.until(identifier, lambda reading: reading is not None)
    assert isinstance(found, Reading)


def without_tags(value: Any) -> Any:
    """Leave out of a create's parameters whatever would mark what it makes."""
    match value:
        case dict():
            kept = {key: each for key, each in value.items() if key.lower() not in {"tags", "tagspecifications"}}
            return {key: without_tags(each) for key, each in kept.items()}
        case list():
            return [without_tags(each) for each in value]
        case _:
            return value
