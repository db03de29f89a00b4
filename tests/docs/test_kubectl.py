"""docs/kubectl.md lists every command of the plugin, and none that it has not."""

import re

from typer.main import get_command

from pilothouse.cli.main import app
from tests.docs.reading import DOCS


def test_every_command_is_listed() -> None:
    listed = re.findall(r"^\| `(\w+)[ `]", (DOCS / "kubectl.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(listed) == sorted(getattr(get_command(app), "commands"))  # noqa: B009 - a group's, whatever its base is
