"""Views as people see them: without colours, lines unbroken, spaces at their ends cut."""

from io import StringIO

from rich.console import Console, RenderableType


def drawn(view: RenderableType, *, colours: bool = False) -> str:
    """A view as text; colours: with the terminal's escapes."""
    console = Console(
        file=StringIO(), width=1_000, force_terminal=colours, color_system="standard" if colours else None, markup=False
    )
    with console.capture() as capture:
        console.print(view)
    return "\n".join(line.rstrip() for line in capture.get().split("\n")).strip("\n")
