"""What `fleet` does: show every Cell and how full it is, on the terminal, as a drawing, or for programs."""

import time
from pathlib import Path

from rich.console import RenderableType

from pilothouse.cli import lookup, objects
from pilothouse.cli.cluster import Cluster
from pilothouse.cli.commands import DONE, readable
from pilothouse.cli.errors import Refused
from pilothouse.cli.flags import Flags, Format
from pilothouse.cli.output import drawing, dump, note, show
from pilothouse.cli.views import fleet as view
from pilothouse.cli.views import freshness


def fleet(flags: Flags, output: Format | None, svg: Path | None) -> int:
    """Show how much of each Cell is reserved. svg: a file to draw that in, in place of the terminal."""
    with Cluster(flags) as cluster:
        raws = list(cluster.list(lookup.CELLS, ""))
    if output is not None:
        dump({"apiVersion": "v1", "kind": "List", "items": raws}, output)
        return DONE
    cells, now = list(readable(raws, objects.cell)), time.time()
    if not cells:
        note("No Cells found: kubectl apply one, see docs/install.md.")
    elif svg is not None:
        _draw(view.told(cells, now), svg)
    else:
        show(view.told(cells, now))
    for doubt in freshness.outdated(cells, now):
        note(f"warning: {doubt}")
    return DONE


def _draw(content: RenderableType, file: Path) -> None:
    try:
        file.write_text(drawing(content, "kubectl pilothouse fleet"), encoding="utf-8")
    except OSError as error:
        raise Refused(f"--svg {file}: cannot be written: {error.strerror}: name a file in a folder of yours") from error
    note(f"drawn in {file}")
