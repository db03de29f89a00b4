"""Logs say which Application they are about, in either format, and libraries stay quiet."""

import asyncio
import io
import json
import logging
import warnings
from collections.abc import Iterator
from typing import Literal

import pytest

from pilothouse.api.cell_reasons import CELL
from pilothouse.api.conditions import Condition
from pilothouse.api.reasons import UNDECLARED, stated
from pilothouse.runtime.logs import about, set_up


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    logging.captureWarnings(capture=False)


def logged(form: Literal["text", "json"], level: str = "info") -> io.StringIO:
    stream = io.StringIO()
    set_up(form, level, stream)
    return stream


def test_json_is_one_object_a_line_with_what_it_is_about_and_the_traceback() -> None:
    stream = logged("json")
    with about(application="shop/checkout"), about(step="create-orders"):
        try:
            int("first\nsecond")
        except ValueError:
            logging.getLogger("pilothouse").exception("it broke: %s", "ö")
    (line,) = stream.getvalue().splitlines()
    record = json.loads(line)
    assert record["message"] == "it broke: ö"
    assert (record["application"], record["step"], record["level"]) == ("shop/checkout", "create-orders", "error")
    assert "Traceback" in record["error"]
    assert record["time"].endswith("Z")


def test_text_ends_with_what_it_is_about() -> None:
    stream = logged("text")
    with about(application="shop/checkout"):
        logging.getLogger("pilothouse").warning("slow")
    logging.getLogger("pilothouse").info("later")
    first, second = stream.getvalue().splitlines()
    assert first.endswith("WARNING slow application=shop/checkout")
    assert second.endswith("INFO    later")


async def test_passes_side_by_side_do_not_mix() -> None:
    stream = logged("json")

    async def work(key: str) -> None:
        with about(application=key):
            await asyncio.sleep(0)
            logging.getLogger("pilothouse").info("at %s", key)

    await asyncio.gather(*(work(key) for key in "abc"))
    records = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [(record["application"], record["message"]) for record in records] == [(key, f"at {key}") for key in "abc"]


@pytest.mark.parametrize(("level", "heard"), [("info", False), ("debug", True)])
def test_libraries_chat_only_when_asked_to(level: str, *, heard: bool) -> None:
    stream = logged("text", level)
    logging.getLogger("kopf.objects").info("Handler 'applications' succeeded.")
    assert bool(stream.getvalue()) is heard


@pytest.mark.parametrize("form", ["text", "json"])
def test_what_people_write_fakes_no_record_and_moves_no_cursor(form: Literal["text", "json"]) -> None:
    hostile = "a\n2026-01-01T00:00:00Z ERROR all is lost\r\x1b[2J\x9b31m\u2028\u202e\ud800"
    stream = logged(form)
    with about(application=f"shop/{hostile}"):
        try:
            int(hostile)
        except ValueError:
            logging.getLogger("pilothouse").exception("it said: %s", hostile)
    text = stream.getvalue()
    records = [line for line in text.split("\n") if line and not line.startswith("  ")]
    assert len(records) == 1
    assert all(letter.isprintable() or letter == "\n" for letter in text)
    if form == "json":
        assert json.loads(text)["message"] == f"it said: {hostile}"


def test_a_warning_is_a_line_like_any_other(capsys: pytest.CaptureFixture[str]) -> None:
    stream = logged("json")
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        with about(application="shop/checkout"):
            stated(CELL, (), [Condition(type="Ready", status="True", reason="Undreamt")], "")
    (line,) = map(json.loads, stream.getvalue().splitlines())
    assert (line["level"], line["application"]) == ("warning", "shop/checkout")
    assert f"{UNDECLARED}: Cell: Ready=True: Undreamt" in line["message"]
    assert capsys.readouterr().err == ""
