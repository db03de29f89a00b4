"""`pilothouse run`: the operator's process."""

import asyncio
import logging
import os
import sys

from pilothouse.dataplane.errors import DataplaneError
from pilothouse.runtime.logs import set_up
from pilothouse.runtime.options import options
from pilothouse.runtime.process import run

_log = logging.getLogger(__name__)


def main() -> None:
    """Run the command line; never returns.

    The process ends without waiting for threads: one may hang in a call to a provider, and what it was doing is on
    record already.
    """
    chosen = options(sys.argv[1:])
    set_up(chosen.log_format, chosen.log_level)
    try:
        code = asyncio.run(run(chosen))
    except DataplaneError as error:
        _log.error("cannot start: %s", error)
        code = 1
    except KeyboardInterrupt:
        code = 130
    logging.shutdown()
    os._exit(code)


if __name__ == "__main__":
    main()
