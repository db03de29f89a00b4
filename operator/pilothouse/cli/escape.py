"""Text from the cluster, made harmless: it can move no cursor, set no colour, hide nothing and fake no line.

Anyone who may write an Application chooses names and values that others read in their terminals.
"""

import json
from typing import Any, Final

HIDDEN: Final = ("(sensitive)", "(binary)")
"""What Plans hold in place of values that nobody is to see, or can read."""


def printable(text: str) -> str:
    """Return `text` with every control, invisible or line-breaking character spelled as its escape."""
    return "".join(letter if letter.isprintable() else _spelled(letter) for letter in text)


def lines(text: str) -> list[str]:
    """Return the non-empty lines of a message, each harmless."""
    return [printable(line.strip()) for line in text.split("\n") if line.strip()]


def one_line(text: str) -> str:
    """Return a message as one harmless line."""
    return " ".join(lines(text))


def value(content: Any) -> str:
    """Return a JSON value as people write it: text in quotes, containers on one line, what is hidden without quotes."""
    if content in HIDDEN:
        return str(content)
    return printable(json.dumps(content, ensure_ascii=False))


def _spelled(letter: str) -> str:
    return letter.encode("unicode_escape").decode("ascii")
