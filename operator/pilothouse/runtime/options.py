"""What `pilothouse run` can be told, with the defaults that the chart relies on."""

import argparse
from dataclasses import dataclass
from typing import Final

from pilothouse.api.cell import OUTDATED_SECONDS
from pilothouse.controller.queue import WORKERS
from pilothouse.controller.rebalancing import LOOK_SECONDS
from pilothouse.controller.sweep import SWEEP_SECONDS
from pilothouse.runtime.home import own_namespace
from pilothouse.runtime.logs import FORMATS, LEVELS, Format
from pilothouse.runtime.probes import parsed

_SHORTEST_SWEEP: Final = 1.0
_SHORTEST_LOOK: Final = 1.0
_LONGEST_SWEEP: Final = OUTDATED_SECONDS / 3
"""So that one which is late, or failed, does not make what was seen before look outdated."""


@dataclass(frozen=True, slots=True)
class Options:
    """Settings of one process.

    namespace: the operator's own; control_plane_id: empty for the UID of namespace kube-system; identity: of the pod,
    empty for one that no other process has.
    """

    namespace: str
    control_plane_id: str = ""
    identity: str = ""
    liveness: str = ":8080"
    metrics: str = ":8081"
    log_format: Format = "text"
    log_level: str = "info"
    sweep_seconds: float = SWEEP_SECONDS
    rebalance_seconds: float = LOOK_SECONDS
    workers: int = WORKERS


def parser() -> argparse.ArgumentParser:
    """Return the command line's parser."""
    top = argparse.ArgumentParser(prog="pilothouse", description="The Pilothouse operator.")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    run = commands.add_parser("run", help="run the operator until SIGTERM")
    run.add_argument("--namespace", default="", help="the operator's own namespace (default: its pod's)")
    run.add_argument("--control-plane-id", default="", help="marks what is ours (default: UID of kube-system)")
    run.add_argument("--identity", default="", help="this pod's name, for the Lease (default: a new one each start)")
    run.add_argument("--liveness", type=_address, default=":8080", help="address of /healthz and /readyz (%(default)s)")
    run.add_argument("--metrics", type=_address, default=":8081", help="address of /metrics (%(default)s)")
    run.add_argument("--log-format", choices=FORMATS, default="text", help="(%(default)s)")
    run.add_argument("--log-level", choices=LEVELS, default="info", help="(%(default)s)")
    sweep = "seconds between two sweeps of a Cell (%(default)s)"
    run.add_argument("--sweep-seconds", type=_sweep, default=SWEEP_SECONDS, help=sweep)
    look = "seconds between two looks at whether something that runs had better move (%(default)s)"
    run.add_argument("--rebalance-seconds", type=_look, default=LOOK_SECONDS, help=look)
    run.add_argument("--workers", type=_workers, default=WORKERS, help="Applications looked at at once (%(default)s)")
    return top


def options(arguments: list[str]) -> Options:
    """Return the options in `arguments`; ends the process with a message when they are wrong."""
    given = vars(parser().parse_args(arguments))
    del given["command"]
    return Options(**{**given, "namespace": given["namespace"] or own_namespace()})


def _address(text: str) -> str:
    try:
        parsed(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return text


def _sweep(text: str) -> float:
    seconds = float(text)
    if seconds < _SHORTEST_SWEEP:
        raise argparse.ArgumentTypeError(f"found {text}, expected at least {_SHORTEST_SWEEP:g} seconds")
    if seconds > _LONGEST_SWEEP:
        raise argparse.ArgumentTypeError(f"found {text}, expected at most {_LONGEST_SWEEP:g} seconds")
    return seconds


def _look(text: str) -> float:
    seconds = float(text)
    if not seconds >= _SHORTEST_LOOK:
        raise argparse.ArgumentTypeError(f"found {text}, expected at least {_SHORTEST_LOOK:g} seconds")
    return seconds


def _workers(text: str) -> int:
    count = int(text)
    if count < 1:
        raise argparse.ArgumentTypeError(f"found {text}, expected at least 1")
    return count
