"""What the journal of AWS tells of leaders: who sent changes while another one led, and how many at once."""

import threading
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import accumulate
from typing import Any, Final, Self

from tests.aws.journal import Entry
from tests.cluster import ApiError
from tests.cluster.api import Api
from tests.operating import NAMESPACE

LEASE: Final = f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases/pilothouse"
_LOOK_SECONDS: Final = 0.2


@dataclass(frozen=True, order=True)
class Reign:
    """since: when it began, seconds since the epoch, by the clock of who took the Lease; this machine has but one."""

    since: float
    who: str


@dataclass
class Reigns:
    """Follows the Lease in a thread, from the beginning of the block to its end."""

    api: Api
    seen: dict[int, Reign] = field(default_factory=dict)
    _over: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._follow, name="reigns")
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self.api.close()

    def _follow(self) -> None:
        while not self._over.wait(_LOOK_SECONDS):
            try:
                self._take_in(self.api.get(LEASE)["spec"])
            except (ApiError, OSError):
                continue

    def _take_in(self, spec: dict[str, Any]) -> None:
        if spec.get("holderIdentity"):
            since = datetime.fromisoformat(spec["acquireTime"]).timestamp()
            self.seen.setdefault(spec["leaseTransitions"], Reign(since, spec["holderIdentity"]))


def late(journal: Iterable[Entry], reigns: Sequence[Reign]) -> list[float]:
    """Return how long after the sender's successor had begun to lead changes arrived, for each that did; seconds."""
    begins = [reign.since for reign in sorted(reigns)]
    holders = [reign.who for reign in sorted(reigns)]
    found = []
    for entry in journal:
        place = bisect_right(begins, entry.arrived) - 1
        if place >= 0 and not entry.agent.endswith(f"by/{holders[place]}"):
            found.append(entry.arrived - begins[place])
    return found


def most_at_once(journal: Iterable[Entry], deaths: Iterable[tuple[float, str]]) -> int:
    """Return how many changes were under way at the same time, at most, as far as those who sent them lived.

    deaths: when, in seconds since the epoch, and whose.
    """
    died = sorted(deaths)
    turns = []
    for entry in journal:
        end = next((at for at, who in died if at >= entry.arrived and entry.agent.endswith(f"by/{who}")), entry.time)
        turns += [(entry.arrived, 1), (min(end, entry.time), -1)]
    return max(accumulate(change for _, change in sorted(turns)), default=0)
