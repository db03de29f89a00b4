"""README and docs/ as tests read them."""

import re
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
DOCS = ROOT / "docs"
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_SPAN = re.compile(r"`([^`\n]+)`")


def pages() -> list[Path]:
    """README and every page of docs/, sorted."""
    return [README, *sorted(DOCS.rglob("*.md"))]


def written_pages() -> list[Path]:
    """The pages that people write; the others are generated."""
    return [page for page in pages() if page.parent != DOCS / "reference"]


def label(page: Path) -> str:
    """The path as a person would write it, for test ids and messages."""
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path, language: str) -> list[str]:
    """The fenced blocks of one language."""
    return [text for found, text in _BLOCK.findall(page.read_text(encoding="utf-8")) if found == language]


def links(page: Path) -> list[str]:
    """Where the page's links lead, those within code left out."""
    text = _SPAN.sub("", _BLOCK.sub("", page.read_text(encoding="utf-8")))
    return _LINK.findall(text)


def spans(page: Path) -> set[str]:
    """What stands in backticks outside fenced blocks."""
    return set(_SPAN.findall(_BLOCK.sub("", page.read_text(encoding="utf-8"))))


def manifests(page: Path) -> list[dict[str, Any]]:
    """The Kubernetes objects in a page's YAML blocks."""
    return [document for text in blocks(page, "yaml") for document in yaml.safe_load_all(text)]
