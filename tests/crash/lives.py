"""One process of the Controller after another: each runs until it is killed, by a clock that moves when told."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


class Killed(BaseException):
    """SIGKILL: no code of this life runs any more."""


@dataclass(frozen=True, slots=True)
class Blow:
    """When to kill: at the n-th effect of a life, before it happens or after it happened but before the reply."""

    effect: int
    after: bool


@dataclass
class Aim:
    """At which effect of a name something happens to a life, counted from 0. after: killed once it has happened."""

    effect: str
    left: int
    kills: bool
    after: bool = False

    def hits(self, effect: str) -> bool:
        """Tell whether this is the effect."""
        if effect != self.effect:
            return False
        self.left -= 1
        return self.left < 0


@dataclass
class Life:
    """One process of the Controller, from its start to its death."""

    blow: Blow | None = None
    effects: list[str] = field(default_factory=list)
    dead: bool = False
    paused_at: int | None = None
    resume: asyncio.Event = field(default_factory=asyncio.Event)
    reached: asyncio.Event = field(default_factory=asyncio.Event)

    async def effect(self, name: str, act: Callable[[], Any]) -> Any:
        """Let `act` happen, unless this life ends before; die after it if so decided."""
        if self.dead:
            raise Killed(name)
        number = len(self.effects)
        self.effects.append(name)
        await asyncio.sleep(0)
        if self.paused_at == number:
            self.reached.set()
            await self.resume.wait()
        self._strike(name, Blow(number, after=False))
        result = act()
        self._strike(name, Blow(number, after=True))
        return result

    def _strike(self, name: str, moment: Blow) -> None:
        """End here if this is the moment to die, or if this life ended elsewhere while it waited."""
        self.dead = self.dead or self.blow == moment
        if self.dead:
            raise Killed(name)


class Clock:
    """Time that moves when told."""

    def __init__(self) -> None:
        self.time = 1_700_000_000.0

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.time += seconds
