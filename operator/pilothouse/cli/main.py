"""The entry point of `kubectl pilothouse`: what can be typed, and how a failure ends.

Nothing here loads the client, the models or the renderer: `--help` and a typo are answered at once.
"""
# ruff: noqa: PLC0415 - each command loads what it needs when it runs

import sys
from collections.abc import Sequence
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from pilothouse.cli.errors import FAILED, PluginError
from pilothouse.cli.escape import one_line
from pilothouse.cli.flags import Flags, Format, object_name, takes_flags

PROGRAM = "kubectl pilothouse"
DIFF_FAILED = 2
"""As with `kubectl diff`, 1 tells that there are differences."""

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)

Output = Annotated[Format | None, typer.Option("--output", "-o", help="Print for programs.")]
Everywhere = Annotated[bool, typer.Option("--all-namespaces", "-A", help="Look in all namespaces.")]
ApplicationOrPlan = Annotated[
    str, typer.Argument(help="An Application, for its active Plan, or a Plan.", callback=object_name)
]
NamedApplication = Annotated[str, typer.Argument(help="An Application.", callback=object_name)]
FirstPlan = Annotated[str, typer.Argument(help="A Plan, or an Application for its active Plan.", callback=object_name)]
SecondPlan = Annotated[
    str, typer.Argument(help="Another one, such as the one that took its place.", callback=object_name)
]
MaybeApplication = Annotated[str | None, typer.Argument(help="An Application; all if not given.", callback=object_name)]
Thing = Annotated[
    str,
    typer.Argument(
        metavar="RESOURCE", help="A resource, workload or object of it, as status shows it: [[CELL/]TYPE/]NAME."
    ),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
NamedCell = Annotated[str, typer.Argument(help="A Cell.", callback=object_name)]
Workload = Annotated[str, typer.Argument(help="A workload of an Application.", callback=object_name)]
Owner = Annotated[
    str | None,
    typer.Option(
        "--application",
        "-a",
        metavar="NAME",
        help="Its Application, where several have such a workload.",
        callback=object_name,
    ),
]
NamedPlan = Annotated[
    str | None,
    typer.Option(
        "--plan", metavar="NAME", help="The Plan that was looked at; any other is refused.", callback=object_name
    ),
]


@app.callback()
@takes_flags
def pilothouse(flags: Flags) -> None:
    """Applications that span clusters and clouds: see what will change, approve it, follow it."""
    del flags  # kept for the command that follows


@app.command()
@takes_flags
def plan(
    *,
    flags: Flags,
    name: ApplicationOrPlan,
    output: Output = None,
    calls: Annotated[bool, typer.Option("--calls", help="Show also the requests that will be sent.")] = False,
    detailed_exitcode: Annotated[
        bool, typer.Option("--detailed-exitcode", help="Exit 0 for no changes, 2 for changes, 1 for errors.")
    ] = False,
) -> int:
    """Show what will change, and why, as a diff."""
    from pilothouse.cli import commands

    return commands.plan(flags, name, output, calls=calls, detailed_exitcode=detailed_exitcode)


@app.command()
@takes_flags
def approve(
    *,
    flags: Flags,
    name: ApplicationOrPlan,
    plan: NamedPlan = None,
    yes: Yes = False,
) -> int:
    """Approve the steps that wait for a person."""
    from pilothouse.cli import commands

    return commands.approve(flags, name, plan, yes=yes)


@app.command()
@takes_flags
def retry(*, flags: Flags, application: NamedApplication) -> int:
    """Try again at once what failed, its cause mended elsewhere."""
    from pilothouse.cli import requests

    return requests.retry(flags, application)


@app.command()
@takes_flags
def replace(*, flags: Flags, application: NamedApplication, resource: Thing, yes: Yes = False) -> int:
    """Ask for one thing to be destroyed and made anew."""
    from pilothouse.cli import requests

    return requests.replace(flags, application, resource, yes=yes)


@app.command()
@takes_flags
def resume(*, flags: Flags, cell: NamedCell, yes: Yes = False) -> int:
    """Let creates and destructive steps in a Cell go on after its breaker has stopped them."""
    from pilothouse.cli import resuming

    return resuming.resume(flags, cell, yes=yes)


@app.command()
@takes_flags
def status(
    *, flags: Flags, name: MaybeApplication = None, output: Output = None, everywhere: Everywhere = False
) -> int:
    """Show one Application as a tree, or all as a table."""
    if name is not None and everywhere:
        raise typer.BadParameter("an Application is in one namespace: give NAME with -n, or -A without NAME")
    from pilothouse.cli import commands

    return commands.status(flags, name, output, everywhere=everywhere)


@app.command()
@takes_flags
def history(*, flags: Flags, application: NamedApplication, output: Output = None) -> int:
    """Show the Plans of an Application, oldest first."""
    from pilothouse.cli import records

    return records.history(flags, application, output)


@app.command()
@takes_flags
def diff(*, flags: Flags, first: FirstPlan, second: SecondPlan) -> int:
    """Show in which steps two Plans differ. Exit 0 if in none, 1 if in some, 2 for errors."""
    from pilothouse.cli import records

    try:
        return records.diff(flags, first, second)
    except PluginError as error:
        error.code = DIFF_FAILED
        raise


@app.command()
@takes_flags
def why(
    *,
    flags: Flags,
    workload: Workload,
    application: Owner = None,
    output: Output = None,
    everywhere: Everywhere = False,
) -> int:
    """Show where a workload's replicas are, and why there and nowhere else."""
    if application is not None and everywhere:
        raise typer.BadParameter("an Application is in one namespace: give -a with -n, or -A without -a")
    from pilothouse.cli import commands

    return commands.why(flags, workload, application, output, everywhere=everywhere)


@app.command()
@takes_flags
def fleet(
    *,
    flags: Flags,
    output: Output = None,
    svg: Annotated[Path | None, typer.Option("--svg", metavar="FILE", help="Draw it in a file.")] = None,
) -> int:
    """Show how much of each Cell is reserved, as a heat map by failure domain."""
    if output is not None and svg is not None:
        raise typer.BadParameter("give --svg for a drawing, or -o for programs, not both")
    from pilothouse.cli import fleet as command

    return command.fleet(flags, output, svg)


@app.command()
@takes_flags
def simulate(
    *,
    flags: Flags,
    drain: Annotated[
        str | None, typer.Option("--drain", metavar="CELL", help="A Cell is emptied.", callback=object_name)
    ] = None,
    add_cell: Annotated[
        str | None,
        typer.Option("--add-cell", metavar="FILE", help="The Cell of a manifest is added; - reads standard input."),
    ] = None,
    grow: Annotated[
        str | None, typer.Option("--grow", metavar="APP=2x", help="An Application has so many times its replicas.")
    ] = None,
    lose: Annotated[str | None, typer.Option("--lose", metavar="DOMAIN", help="A failure domain is lost.")] = None,
    output: Output = None,
) -> int:
    """Show what would come of a change of the fleet. Nothing is changed. Exit 0 if all fits, 2 if not, 1 for errors."""
    given = {"drain": drain, "add-cell": add_cell, "grow": grow, "lose": lose}
    asked = [(what, value) for what, value in given.items() if value is not None]
    if len(asked) != 1:
        found = " and ".join(f"--{what}" for what, _ in asked) or "none"
        raise typer.BadParameter(f"found {found}: give one of --drain, --add-cell, --grow and --lose")
    from pilothouse.cli import simulating

    return simulating.simulate(flags, *asked[0], output)


@app.command("import")
@takes_flags
def import_(
    *,
    flags: Flags,
    application: Annotated[str, typer.Argument(help="What the Application is to be called.", callback=object_name)],
    what: Annotated[list[str], typer.Argument(help="TYPE=ID for one thing, tag:KEY=VALUE or vpc=ID for all of them.")],
    cell: Annotated[
        str, typer.Option("--cell", "-c", metavar="NAME", help="The Cell they live in.", callback=object_name)
    ],
) -> int:
    """Print an Application that takes over what exists, as it is. Reads with your own cloud credentials."""
    from pilothouse.cli import importing

    return importing.import_(flags, application, cell, what)


def run(arguments: Sequence[str]) -> int:
    """Carry out one command line; return 0, 1 (of `diff` 2) for a failure, or what the command says."""
    try:
        code = app(args=list(arguments) or ["--help"], prog_name=PROGRAM, standalone_mode=False)
    except PluginError as error:
        return _failed(str(error), error.code)
    except typer.TyperException as error:
        context: typer.Context | None = getattr(error, "ctx", None)
        where = context.command_path if context else _meant(arguments)
        code = DIFF_FAILED if where == f"{PROGRAM} diff" else FAILED
        return _failed(f"{error.format_message().rstrip('.')}: see {where} --help", code)
    return code if isinstance(code, int) else 0


def _meant(arguments: Sequence[str]) -> str:
    """Return the command that was meant, where the parser does not tell: an option that lacks its value."""
    commands, words = getattr(typer.main.get_command(app), "commands", {}), iter(arguments)
    for word in words:
        if not word.startswith("-"):
            return f"{PROGRAM} {word}" if word in commands else PROGRAM
        if "=" not in word:
            next(words, None)  # the value of an option
    return PROGRAM


def _failed(message: str, code: int) -> int:
    print(f"error: {one_line(message)}", file=sys.stderr)  # noqa: T201 - it is a message to a person
    return code


def main() -> NoReturn:
    """Run as `kubectl pilothouse`, or as `kubectl-pilothouse`."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that can not show a letter shows its escape
    sys.exit(run(sys.argv[1:]))
