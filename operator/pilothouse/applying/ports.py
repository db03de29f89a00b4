"""What applying needs of the world, handed in: the journal, leadership, the clock, the providers."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from pilothouse.api.application import Intent, LedgerEntry
from pilothouse.dataplane.types import Provider, Reading, TargetKey


class NotLeader(Exception):
    """This process may not change anything any more; another one may be changing things already."""


class Overtaken(Exception):
    """Somebody else wrote the object since it was read: start the pass again from what is there now."""


class Journal(Protocol):
    """The ledger on the API server."""

    async def write_ahead(self, ledger: Mapping[TargetKey, LedgerEntry], in_flight: Sequence[Intent]) -> None:
        """Store both before anything is sent; raises Overtaken if the Application was changed since it was read."""


class Leadership(Protocol):
    """The right to change things."""

    @property
    def epoch(self) -> int:
        """The number of this leadership; each new leader has a higher one."""

    def check(self) -> None:
        """Raise NotLeader unless this process leads, and will for as long as most calls take."""


class Clock(Protocol):
    """Time, in seconds since the epoch."""

    def now(self) -> float:
        """Return the time now."""


class Cells(Protocol):
    """The providers of the Cells."""

    def provider(self, cell: str, namespace: str = "") -> Provider:
        """Return the provider of `cell`, changes through which take the turns of `namespace`.

        Raises NotNow with the reason while it cannot be reached.
        """


class Witness(Protocol):
    """What observed evidence must be thrown away or can be kept after a write."""

    def wrote(self, key: TargetKey) -> None:
        """Take note that `key` was, or may have been, changed: what was seen of it before says nothing any more."""

    def saw(self, key: TargetKey, found: tuple[Reading, ...], of: str = "") -> None:
        """Take note of a direct read of `key` made just now: of one identifier, or by mark and name."""

    def missed(self, key: TargetKey, identifier: str) -> None:
        """Take note that an extra of `key` is proven not to exist, whatever listings go on to show."""
