"""How fast the emulated cloud moves: AWS takes minutes where this takes a blink, the order of events is the same."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """Delays of the emulated cloud, in seconds; each may be 0."""

    transition_seconds: float = 0.2
    """From `pending` to `running`, `stopping` to `stopped`, `shutting-down` to `terminated`. AWS: up to minutes."""

    terminated_visible_seconds: float = 5.0
    """How long a terminated instance can still be described. AWS: about an hour."""

    window_seconds: float = 3_600.0
    """How long until the next maintenance window of a database. AWS: up to a week."""

    queue_deleted_seconds: float = 1.0
    """How long the name of a deleted queue cannot be used again. AWS: 60 s."""

    volume_rest_seconds: float = 1.0
    """How long after a modification of a volume EC2 takes no other. AWS: 6 hours."""
