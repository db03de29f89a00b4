"""Whether anybody has asked for what a pass finds otherwise, or only another edition of the operator sees it so."""

from dataclasses import dataclass, field

from pilothouse.api.application import LedgerEntry, Settled


@dataclass(frozen=True, slots=True)
class Standing:
    """The spec and the operator that a pass is of, and what was settled before it.

    now: what is settled of a thing about which this pass finds nothing left to do; before: what was settled of the
    Application as a whole.
    """

    now: Settled = field(default_factory=Settled)
    before: Settled = field(default_factory=Settled)

    def unasked(self, entry: LedgerEntry | None) -> bool:
        """Tell whether another edition left nothing to do about a thing, or at all, and nobody asked for more since."""
        return self._elsewhere(self.before) or (entry is not None and self._elsewhere(entry.settled))

    def knows(self, entry: LedgerEntry | None) -> bool:
        """Tell whether it was this very edition that left nothing to do about a thing the last time."""
        return entry is not None and entry.settled.edition == self.now.edition

    def _elsewhere(self, settled: Settled) -> bool:
        same_spec = settled.edition != "" and settled.generation == self.now.generation
        return same_spec and settled.edition != self.now.edition
