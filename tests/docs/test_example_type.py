"""The type that docs/architecture.md shows is the real one, so it does everything that a type is asked to do."""

from pathlib import Path

from pilothouse.dataplane.aws.types import internet_gateway
from tests.docs.reading import DOCS, blocks


def test_the_type_on_the_page_is_the_file() -> None:
    assert blocks(DOCS / "architecture.md", "python") == [Path(internet_gateway.__file__).read_text(encoding="utf-8")]
