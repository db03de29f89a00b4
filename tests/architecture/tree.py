"""Where the product's source lies, and which of it must decide without the outside."""

import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SOURCE_ROOT = ROOT / "operator"
PACKAGE = SOURCE_ROOT / "pilothouse"
TOOLS: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]

# One list says which rooms decide: that of the coverage gate.
PURE_PATTERNS: list[str] = TOOLS["coverage"]["report"]["include"]


def modules() -> list[Path]:
    """Every module of the product, sorted by path."""
    return sorted(PACKAGE.rglob("*.py"))


def pure_modules() -> list[Path]:
    """The modules that decide, sorted; the command that writes generated files is not one of them."""
    globs = [pattern if pattern.endswith(".py") else f"{pattern}/*.py" for pattern in PURE_PATTERNS]
    return sorted({path for glob in globs for path in ROOT.glob(glob)} - {PACKAGE / "catalog" / "__main__.py"})


def label(path: Path) -> str:
    """The module's path as a person would write it, for test ids and messages."""
    return path.relative_to(SOURCE_ROOT).as_posix()
