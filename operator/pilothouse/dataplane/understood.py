"""What comes from outside is read in many places and may be anything: here alone it is said what that means."""

import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pilothouse.dataplane.errors import DataplaneError, Unreadable
from pilothouse.dataplane.types import Call


@contextmanager
def understood(told: Callable[[str], str]) -> Iterator[None]:
    """Raise Unreadable for whatever goes wrong in reading an answer inside. told: puts into words who answered what.

    The message tells where in the code the answer was not as expected, but nothing of it, for secrets may be in there.
    """
    try:
        yield
    except DataplaneError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, it came of the answer
        why = reason(error)
    else:
        return
    # Outside the handler: what was raised may repeat secrets, and a traceback would show it.
    raise Unreadable(told(why))


def answer_to(call: Call) -> Callable[[str], str]:
    """Return what puts into words that a call was answered so."""
    return lambda why: f"{call.service} {call.operation}: {why}"


def reason(error: Exception) -> str:
    """Say what was wrong with an answer, without a word of it."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"the answer makes no sense ({type(error).__name__} at {Path(frame.filename).name}:{frame.lineno})"
