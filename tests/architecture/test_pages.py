"""A resource type is about a page: a person who writes the next one must be able to read one at a sitting."""

from statistics import median

from tests.architecture.tree import PACKAGE, label

MOST_LINES = 250
PAGE = 150
TYPES = sorted(path for path in PACKAGE.glob("dataplane/*/types/*.py") if path.parent.parent.name != "kubernetes")


def lines() -> dict[str, int]:
    """How long each type's file is."""
    return {label(path): len(path.read_text(encoding="utf-8").splitlines()) for path in TYPES if path.stem[0] != "_"}


def test_no_type_is_longer_than_can_be_read_at_a_sitting() -> None:
    assert {name: count for name, count in lines().items() if count > MOST_LINES} == {}


def test_most_types_are_about_a_page() -> None:
    assert median(lines().values()) <= PAGE
