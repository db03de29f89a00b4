"""Logs for people (text) and for machines (JSON, one object a line), with the Application they are about.

What a record is about is kept in context variables: a pass sets its key once, and every line below it carries it.
"""

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Final, Literal, TextIO

Format = Literal["text", "json"]
FORMATS: Final[tuple[Format, ...]] = ("text", "json")
LEVELS: Final = ("debug", "info", "warning", "error")

_about: ContextVar[dict[str, str] | None] = ContextVar("about", default=None)
_LOUD: Final = ("kopf", "aiohttp.access", "botocore", "urllib3", "asyncio")


@contextmanager
def about(**fields: str) -> Iterator[None]:
    """Let every record made inside carry `fields`, such as application, plan, step and cell."""
    token = _about.set({**(_about.get() or {}), **fields})
    try:
        yield
    finally:
        _about.reset(token)


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, message, what it is about, and the traceback if there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line: dict[str, Any] = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **(_about.get() or {}),
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return _printable(json.dumps(line, ensure_ascii=False, default=str))


class TextFormatter(logging.Formatter):
    """Time, level, message, and what it is about at the end."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, and the traceback below it."""
        fields = "".join(f" {name}={value}" for name, value in (_about.get() or {}).items())
        line = _printable(f"{_time(record)} {record.levelname:<7} {record.getMessage()}{fields}")
        return f"{line}\n{_traceback(self.formatException(record.exc_info))}" if record.exc_info else line


def set_up(form: Format, level: str, stream: TextIO = sys.stderr) -> None:
    """Send every log of this process, and every warning, to `stream`.

    Libraries speak only of what is wrong unless `level` is debug.
    """
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter() if form == "json" else TextFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    logging.captureWarnings(capture=True)
    for name in _LOUD:
        logging.getLogger(name).setLevel(logging.INFO if level == "debug" else logging.WARNING)


def _traceback(text: str) -> str:
    """Indent it, so that none of its lines looks like a record."""
    return "\n".join(f"  {_printable(line)}" for line in text.split("\n"))


def _printable(text: str) -> str:
    """Spell as JSON does what would move a cursor or begin a line: others read in terminals what people write."""
    return text if text.isprintable() else "".join(map(_spelled, text))


def _spelled(letter: str) -> str:
    return letter if letter.isprintable() else json.dumps(letter)[1:-1]


def _time(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
