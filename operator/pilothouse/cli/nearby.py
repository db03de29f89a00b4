"""Names close to one that was not found, so that a typo is mended at the first glance."""

from collections.abc import Iterable
from difflib import get_close_matches

from pilothouse.cli.escape import printable

SHOWN = 5


def hint(name: str, known: Iterable[str], kind: str) -> str:
    """Return `did you mean ...? `, or the names there are, or that there are none; ends ready for more text.

    kind: what the names are, in the plural.
    """
    names = sorted(set(known))
    close = get_close_matches(name, names, n=3)
    if close:
        return f"did you mean {' or '.join(map(printable, close))}? "
    if not names:
        return f"there are no {kind}: "
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"there are {', '.join(map(printable, names[:SHOWN]))}{more}: "
