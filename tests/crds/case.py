"""A rule of the kinds, as a test sees it."""

from dataclasses import dataclass

from tests.crds.manifests import Manifest


@dataclass(frozen=True)
class Rule:
    """`bad` is refused with every one of `says`; `good`, the nearest thing, is accepted."""

    bad: Manifest
    says: tuple[str, ...]
    good: Manifest
    reason: str


@dataclass(frozen=True)
class Change:
    """`before` exists; changing it to `bad` is refused with every one of `says`, changing it to `good` is not."""

    before: Manifest
    bad: Manifest
    says: tuple[str, ...]
    good: Manifest
    reason: str
