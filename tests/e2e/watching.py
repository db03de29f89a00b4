"""Looks that are taken beside a test, again and again, for what must hold at every moment."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager


@contextmanager
def repeatedly(look: Callable[[], None], seconds: float) -> Iterator[None]:
    """Have `look` run beside the block, each time after so many seconds. Raises in the end what a look raised."""
    over = threading.Event()

    def looks() -> None:
        while not over.wait(seconds):
            look()

    with ThreadPoolExecutor(1, thread_name_prefix="looks") as beside:
        looking = beside.submit(looks)
        try:
            yield
        finally:
            over.set()
        looking.result()
