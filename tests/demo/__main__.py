"""`python -m tests.demo [APPLICATION]`: play its story; ends with 0 if every claim holds, else 1; 130 after Ctrl-C."""

import argparse
import signal
import sys
import time
import traceback
from collections.abc import Iterable
from types import FrameType
from typing import NoReturn

from tests.cluster import ClusterError
from tests.demo.acts import Act
from tests.demo.claims import ClaimError
from tests.demo.stage import CommandFailedError, Stage
from tests.demo.stories import STORIES
from tests.demo.world import TookTooLongError, World, world

INTERRUPTED = 130
LOG_LINES = 15


def main() -> int:
    """Play one story."""
    parser = argparse.ArgumentParser(prog="python -m tests.demo", description="See an Application from Plan to end.")
    parser.add_argument("application", nargs="?", default="checkout", choices=sorted(STORIES), help="(%(default)s)")
    name = parser.parse_args().application
    # A shell that starts this in the background has it ignore SIGINT; whoever sends it means it all the same.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, interrupt)
    stage = Stage()
    stage.title(
        STORIES[name].title,
        "Kubernetes, boto3 and the operator are real programs; the nodes (kwok) and AWS (moto) are emulated.",
    )
    try:
        with world(name, stage) as everything:
            return play(STORIES[name].acts, stage, everything)
    except KeyboardInterrupt:
        stage.lead("Stopped, and everything that was started is ended.")
        return INTERRUPTED
    except (ClusterError, AssertionError) as error:
        stage.failed(f"the stage could not be set: {error}")
        return 1


def play(acts: Iterable[Act], stage: Stage, everything: World) -> int:
    """Play the acts; return the exit code."""
    began = time.monotonic()
    try:
        for act in acts:
            act(stage, everything)
    except (ClaimError, CommandFailedError, TookTooLongError) as error:
        return _failed(str(error), stage, everything)
    except Exception:  # noqa: BLE001 - whatever happens, the audience learns where the logs are
        return _failed(traceback.format_exc(), stage, everything)
    stage.lead(f"Every claim was checked and holds. It took {time.monotonic() - began:.0f} s.")
    return 0


def _failed(why: str, stage: Stage, everything: World) -> int:
    stage.failed(why)
    stage.lead("What the Application says of itself:")
    stage.run(f"kubectl pilothouse status {everything.name}", ends=range(256))
    stage.lead(f"The operator's log ends with:\n{everything.operator.log_tail(LOG_LINES)}")
    stage.lead(f"All logs are in {everything.keep_logs()}")
    return 1


def interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    """Take a signal for Ctrl-C."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
