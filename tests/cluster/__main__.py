"""python -m tests.cluster: a cluster by hand, of the same kind that the tests use."""

import argparse
import os
import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.cluster import background, programs
from tests.cluster.components import Component
from tests.cluster.errors import ClusterError
from tests.cluster.nodes import DEFAULT_NODES


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code."""
    options = parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = options.command
    try:
        return command(options)
    except ClusterError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    top = argparse.ArgumentParser(prog="python -m tests.cluster", description=__doc__)
    top.add_argument("--name", default="default", help="which cluster, when several are up (default: %(default)s)")
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    for name, action, text in (
        ("up", up, "start a cluster that stays"),
        ("down", down, "end it and remove all it wrote"),
        ("status", status, "say what runs"),
        ("build", build, "build the programs into the cache, or find them there"),
        ("env", env, 'print variables for a shell: eval "$(python -m tests.cluster env)"'),
        ("kubectl", kubectl, "run kubectl with the rest of the line"),
        ("helm", helm, "run helm with the rest of the line"),
        ("hold", hold, "run a cluster in the foreground until SIGTERM"),
    ):
        passes_on = action in (kubectl, helm)
        # With a prefix that nobody can type, no word is taken for an option of ours.
        command = commands.add_parser(name, help=text, add_help=not passes_on, prefix_chars="\0" if passes_on else "-")
        command.set_defaults(command=action)
        if action in (up, hold):
            command.add_argument("--nodes", type=Path, default=DEFAULT_NODES, help="node file (default: %(default)s)")
        if passes_on:
            command.add_argument("words", nargs="*")
    return top


def up(options: argparse.Namespace) -> int:
    """Start a cluster that stays."""
    state = background.up(options.name, options.nodes)
    print(f"Cluster {options.name} is up at {state.url}\nexport KUBECONFIG={shlex.quote(state.kubeconfig)}")
    return 0


def down(options: argparse.Namespace) -> int:
    """End a cluster."""
    print(f"Cluster {options.name} " + ("ended." if background.down(options.name) else "was not up."))
    return 0


def status(_options: argparse.Namespace) -> int:
    """Say what runs: every cluster, whether it answers, and its processes."""
    for name in background.names():
        state = background.state(name)
        if state is None:
            print(f"{name}: starting")
            continue
        print(f"{name}: {state.url} {'is ready' if state.answers() else 'DOES NOT ANSWER'}")
        print(f"  kubeconfig {state.kubeconfig}")
        for process, pid in state.processes.items():
            print(f"  {process:<{max(map(len, Component))}} {pid:>8}{'' if alive(pid) else '  ENDED'}")
    if not background.names():
        print("No cluster is up.")
    return 0


def build(_options: argparse.Namespace) -> int:
    """Build the programs."""
    print(programs.ensure())
    return 0


def env(options: argparse.Namespace) -> int:
    """Print variables for a shell."""
    for key, value in known(options.name).environment().items():
        print(f"export {key}={shlex.quote(value)}")
    return 0


def kubectl(options: argparse.Namespace) -> int:
    """Become kubectl."""
    return become("kubectl", options)


def helm(options: argparse.Namespace) -> int:
    """Become helm."""
    return become("helm", options)


def hold(options: argparse.Namespace) -> int:
    """Run a cluster until SIGTERM."""
    background.hold(options.name, options.nodes)
    return 0


def become(program: str, options: argparse.Namespace) -> int:
    """Replace this process by a program pointed at the cluster."""
    state = known(options.name)
    path = Path(state.programs) / program
    os.execve(path, [program, *options.words], os.environ | state.environment())  # noqa: S606 - there is no shell on purpose


def known(name: str) -> background.State:
    """The cluster `name`. Raises ClusterError when it is not up."""
    state = background.state(name)
    if state is None:
        raise ClusterError(f"cluster {name} is not up: python -m tests.cluster --name {name} up")
    return state


def alive(pid: int) -> bool:
    """Whether a process with this id exists."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
