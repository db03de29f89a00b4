"""Wait for a real cluster to come round, and fail when it does not."""

import asyncio
from collections.abc import Awaitable, Callable

SECONDS = 60.0


async def until(true: Callable[[], Awaitable[object]] | Callable[[], object], every: float = 0.05) -> None:
    """Wait until `true` returns something true, asking every so many seconds. Raises TimeoutError after a minute."""
    async with asyncio.timeout(SECONDS):
        while True:
            found = true()
            if await found if isinstance(found, Awaitable) else found:
                return
            await asyncio.sleep(every)
