"""One module a type, found by itself: each has an `EXAMPLE`. A type in the catalog without one fails the suite."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import Final

from tests.contract.aws.example import Example

_MODULES = [import_module(f"{__name__}.{found.name}") for found in iter_modules(__path__)]
EXAMPLES: Final[dict[str, Example]] = {module.EXAMPLE.type.kind: module.EXAMPLE for module in _MODULES}
"""The examples by the kind of their type."""
