"""What the Controller does with a type, in its smallest form: create, bring to rest, read, delete."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from botocore.loaders import Loader

from pilothouse.api.plan import Change
from pilothouse.dataplane.aws.client import AwsProvider
from pilothouse.dataplane.errors import NotNow
from pilothouse.dataplane.flows import run
from pilothouse.dataplane.types import (
    Call,
    HealthState,
    Listed,
    Mark,
    Owner,
    Reading,
    Sensitive,
    TargetKey,
    Want,
    set_keys,
)
from tests.contract.aws.example import Example, Settings, placed
from tests.contract.aws.place import PLACE

OWNER = PLACE.owner
PATIENCE, PAUSE = PLACE.patience, PLACE.pause


@dataclass(frozen=True)
class Flight:
    """One type, one provider, and the things that the stage has prepared."""

    example: Example
    provider: AwsProvider
    stage: Mapping[str, str]
    owner: Owner = OWNER

    def want(self, settings: Settings | None = None, resource: str = "orders", incarnation: int = 0) -> Want[Any]:
        """Return the resource as it should be: the minimal settings, and `settings` over them."""
        kind = self.example.type
        given = placed({**self.example.minimal, **(settings or {})}, self.stage)
        mark = Mark(self.owner, resource, "uid-1", incarnation)
        key = TargetKey("aws", kind.kind, resource)
        digest = hashlib.sha256(repr(mark).encode()).hexdigest()
        spec, name = kind.model.model_validate(given), kind.name(self.owner, resource)
        return Want(key, spec, name, mark, digest[:36], Sensitive(f"P{digest[:31]}"))

    async def create(self, want: Want[Any]) -> Reading:
        """Create it and bring it to rest."""
        return await self.settle(await self.send_create(want), want)

    async def send_create(self, want: Want[Any]) -> str:
        """Send the create alone, and return the identifier of what it made."""
        reply = await self.provider.send(self.example.type.create(want))
        return self.example.type.identified(want, reply)

    async def settle(self, identifier: str, want: Want[Any], applied: frozenset[str] = frozenset()) -> Reading:
        """Send updates until there is nothing left to update, as often as it takes."""
        kind, end = self.example.type, time.monotonic() + PATIENCE
        changes: tuple[Change, ...] = ()
        while time.monotonic() < end:
            have = await self.read(identifier)
            changes = kind.changes(want, have, applied)
            if not changes and have.health.state is HealthState.READY:
                return have
            await self.update(have, want, applied)
            await asyncio.sleep(PAUSE)
        raise AssertionError(f"{identifier} did not come to rest within {PATIENCE} s; still different: {changes}")

    async def update(self, have: Reading, want: Want[Any], applied: frozenset[str]) -> None:
        """Send what can be sent now."""
        try:
            for call in self.example.type.update(have, want, applied):
                await self.provider.send(call)
        except NotNow:
            pass

    async def look(self, identifier: str) -> Reading | None:
        """Read it; None when it is gone."""
        return await run(self.example.type.read(identifier), self.provider.send)

    async def read(self, identifier: str) -> Reading:
        """Read it; it must be there."""
        reading = await self.look(identifier)
        assert reading is not None, f"{identifier} is gone"
        return reading

    async def find(self, want: Want[Any]) -> tuple[Reading, ...]:
        """Look for what a create would have made. The spec is no help: it may be gone or have changed."""
        bare = replace(want, spec=self.example.type.model.model_construct())
        return await run(self.example.type.find(bare), self.provider.send)

    @property
    def lists(self) -> Call:
        """The call that lists."""
        return self.example.type.listing(OWNER.control_plane)

    @property
    def page_size(self) -> str:
        """The parameter by which a listing's pages can be made small; empty where AWS knows none."""
        pagers = Loader().load_service_model(self.lists.service, "paginators-1")["pagination"]
        return str(pagers.get(self.lists.operation, {}).get("limit_key", ""))

    async def _listed(self, page: int) -> list[Listed]:
        call = self.lists
        if page and self.page_size:
            call = Call(call.service, call.operation, {**call.parameters, self.page_size: page})
        kind = self.example.type
        lines = [line async for page in self.provider.pages(call) for line in kind.listed(page)]
        return [line for line in lines if kind.ours(line, OWNER.control_plane)]

    async def list(self, page: int = 0, count: int = 0) -> list[Listed]:
        """Follow the pages of a listing, of `page` lines where AWS lets one choose, until it shows `count` lines.

        What was just made, or deleted by an earlier test, may take a listing of AWS a while.
        """
        end = time.monotonic() + PATIENCE
        while True:
            lines = await self._listed(page)
            if len(lines) == count or not count or time.monotonic() >= end:
                return lines
            await asyncio.sleep(PAUSE)

    async def delete(self, have: Reading) -> None:
        """Delete it and wait until it is gone."""
        for call in self.example.type.delete(have):
            await self.provider.send(call)
        await self.until(have.id, lambda reading: reading is None)

    async def until(self, identifier: str, condition: Callable[[Reading | None], bool]) -> Reading | None:
        """Read until `condition` holds."""
        end = time.monotonic() + PATIENCE
        while not condition(reading := await self.look(identifier)):
            assert time.monotonic() < end, f"{identifier} is still {reading} after {PATIENCE} s"
            await asyncio.sleep(PAUSE)
        return reading

    async def meddle(self, calls: tuple[Call, ...], have: Reading, to: Want[Any]) -> None:
        """Change it behind the Controller's back, waiting where AWS wants the instance stopped.

        Without calls, do what the type does to turn `have` into `to`.
        """
        if not calls:
            await self.settle(have.id, to)
            return
        association = getattr(have.spec, "profile_association", "")
        names = {"$id": have.id, "$arn": have.outputs.get("arn", ""), "$profile-association": association}
        for call in calls:
            await self._insist(Call(call.service, call.operation, placed(call.parameters, self.stage, names)))

    async def _insist(self, call: Call) -> None:
        end = time.monotonic() + PATIENCE
        while True:
            try:
                await self.provider.send(call)
            except NotNow:
                assert time.monotonic() < end, f"{call} was refused for {PATIENCE} s"
                await asyncio.sleep(PAUSE)
            else:
                return

    def paths(self, want: Want[Any], have: Reading, applied: frozenset[str] = frozenset()) -> set[str]:
        """Return the fields that differ."""
        return {change.path for change in self.example.type.changes(want, have, applied)}


def applied(want: Want[Any]) -> frozenset[str]:
    """Return what the ledger remembers after `want` was applied."""
    return set_keys(want.spec)
