"""What the pages refer to exists: links, files, modules, tests. A page that names what was renamed misleads."""

import importlib
import re
from pathlib import Path
from typing import Any

import pytest

from pilothouse.catalog import pages as reference
from tests.architecture.tree import PACKAGE
from tests.docs.reading import DOCS, ROOT, blocks, label, links, pages, spans, written_pages

ROOMS = sorted(path.parent.name for path in PACKAGE.glob("*/__init__.py"))
PATH = re.compile(r"(?:tests|docs|crds|operator|charts|hack)(?:/[\w.*-]+)*/?")
DOTTED = re.compile(rf"(?:{'|'.join(ROOMS)})(?:\.\w+)+")


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def resolve(dotted: str) -> Any:
    """What a dotted name under `pilothouse` stands for. Raises ImportError or AttributeError."""
    words = dotted.split(".")
    module = importlib.import_module(f"pilothouse.{words[0]}")
    found: Any = module
    for number, word in enumerate(words[1:], start=2):
        try:
            found = importlib.import_module(".".join(["pilothouse", *words[:number]]))
        except ModuleNotFoundError:
            found = getattr(found, word)
    return found


@pytest.mark.parametrize("page", pages(), ids=label)
def test_links_lead_somewhere(page: Path) -> None:
    for link in links(page):
        file, _, anchor = link.partition("#")
        target = (page.parent / file).resolve() if file else page
        assert target.is_file(), f"{label(page)} links to {link}, which is not there"
        assert not anchor or anchor in anchors(target), f"{label(page)} links to {link}, which has no such heading"


@pytest.mark.parametrize("page", written_pages(), ids=label)
def test_files_that_are_named_exist(page: Path) -> None:
    named = {span for span in spans(page) if PATH.fullmatch(span)}
    missing = [path for path in sorted(named) if not any(ROOT.glob(path.rstrip("/")))]
    assert not missing, f"{label(page)} names {missing}"


@pytest.mark.parametrize("page", written_pages(), ids=label)
def test_modules_and_functions_that_are_named_exist(page: Path) -> None:
    for dotted in sorted(span for span in spans(page) if DOTTED.fullmatch(span)):
        resolve(dotted)


def test_tests_that_are_named_exist() -> None:
    written = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    named = {span for page in written_pages() for span in spans(page) if re.fullmatch(r"test_\w+", span)}
    assert [name for name in sorted(named) if f"def {name}(" not in written] == []


def test_the_committed_reference_is_that_of_the_models() -> None:
    committed = {path.relative_to(DOCS).as_posix(): path.read_text("utf-8") for path in (DOCS / "reference").glob("*")}
    assert committed == reference.files(), "run `make docs` and commit what it writes"


def test_every_decision_is_in_the_index() -> None:
    pages_there = {path.name for path in (DOCS / "decisions").glob("*.md")} - {"README.md"}
    assert set(links(DOCS / "decisions" / "README.md")) == pages_there


def test_commands_of_make_that_are_named_exist() -> None:
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    shown = [line for page in written_pages() for text in blocks(page, "console") for line in text.splitlines()]
    named = {span for page in written_pages() for span in spans(page)} | {line.removeprefix("$ ") for line in shown}
    asked = {words[1] for text in named if (words := text.split())[:1] == ["make"] and len(words) > 1}
    assert asked <= targets
    assert {"demo", "test"} <= asked


def test_the_search_for_names_finds_what_is_missing() -> None:
    with pytest.raises(AttributeError):
        resolve("planning.plan.make_plans")
    assert resolve("planning.plan.make_plan").__name__ == "make_plan"
