"""Probes answer at once, say what is wrong, and survive their own checks."""

import time
from collections.abc import AsyncIterator

import aiohttp
import pytest

from pilothouse.runtime.probes import HttpServer, parsed


@pytest.fixture
async def served() -> AsyncIterator[tuple[HttpServer, dict[str, str], str]]:
    wrong: dict[str, str] = {}

    def broken() -> str:
        raise ZeroDivisionError

    server = HttpServer("127.0.0.1:0")
    server.probe("/healthz", {"watch": lambda: wrong.get("watch", "")})
    server.probe("/broken", {"check": broken})
    server.page("/metrics", lambda: b"up 1\n")
    await server.start()
    host, port = server._runner.addresses[0][:2]
    yield server, wrong, f"http://{host}:{port}"
    await server.stop()


async def answer(url: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.get(url) as reply:
        return reply.status, await reply.text()


async def test_health_is_200_until_something_is_wrong_and_then_says_what(
    served: tuple[HttpServer, dict[str, str], str],
) -> None:
    _, wrong, url = served
    assert await answer(f"{url}/healthz") == (200, "ok\n")
    wrong["watch"] = "the watch is dead"
    assert await answer(f"{url}/healthz") == (503, "watch: the watch is dead\n")


async def test_a_check_that_fails_is_a_failed_probe_at_once(served: tuple[HttpServer, dict[str, str], str]) -> None:
    began = time.monotonic()
    status, text = await answer(f"{served[2]}/broken")
    assert (status, "ZeroDivisionError" in text) == (503, True)
    assert time.monotonic() - began < 1


async def test_pages_are_served_as_prometheus_reads_them(served: tuple[HttpServer, dict[str, str], str]) -> None:
    assert await answer(f"{served[2]}/metrics") == (200, "up 1\n")


@pytest.mark.parametrize(
    ("text", "address"), [(":8080", (None, 8080)), ("127.0.0.1:1", ("127.0.0.1", 1)), ("[::1]:2", ("::1", 2))]
)
def test_addresses(text: str, address: tuple[str | None, int]) -> None:
    assert parsed(text) == address


@pytest.mark.parametrize("text", ["8080", "host", "host:port"])
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(ValueError, match="expected an address such as :8080"):
        parsed(text)
