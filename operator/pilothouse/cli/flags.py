"""kubectl's own flags, the same on every command, before it or after it."""

import functools
import inspect
import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Annotated, Any, Final

import typer

UNITS: Final = {"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


class Format(StrEnum):
    """How to print objects for programs."""

    JSON = "json"
    YAML = "yaml"
    NAME = "name"


@dataclass(frozen=True, slots=True)
class Flags:
    """Which cluster, namespace and person: kubectl's flags, absent where they were not given.

    request_timeout: as kubectl writes it; see `seconds`.
    """

    namespace: str | None = None
    context: str | None = None
    kubeconfig: str | None = None
    cluster: str | None = None
    user: str | None = None
    impersonate: str | None = None
    impersonate_groups: tuple[str, ...] = ()
    request_timeout: str | None = None

    def over(self, others: "Flags") -> "Flags":
        """Return these flags, completed by `others` where they were not given."""
        given = {field.name: getattr(self, field.name) for field in fields(self) if getattr(self, field.name)}
        return replace(others, **given)

    def spelled(self) -> list[str]:
        """Return the flags that lead to the same cluster, as a person would write them; the namespace is not one."""
        spellings = {"--context": self.context, "--kubeconfig": self.kubeconfig}
        spellings |= {"--cluster": self.cluster, "--user": self.user, "--as": self.impersonate}
        groups = [("--as-group", group) for group in self.impersonate_groups]
        pairs = [*((flag, given) for flag, given in spellings.items() if given), *groups]
        return [f"{flag}={shlex.quote(given)}" for flag, given in pairs]


def seconds(duration: str) -> float | None:
    """Return a kubectl duration such as 30, 1m30s or 500ms in seconds; None, no limit, for 0.

    Raises typer.BadParameter when it is none.
    """
    parts = re.findall(r"(\d+(?:\.\d+)?)(ms|[smh]|)", duration)
    if not parts or "".join(number + unit for number, unit in parts) != duration:
        raise typer.BadParameter(f"{duration!r} is no duration: write seconds, or a unit as in 500ms, 30s, 2m")
    return sum(float(number) * UNITS[unit] for number, unit in parts) or None


def object_name(name: str | None) -> str | None:
    """Let through what Kubernetes takes for the name of an object; raises typer.BadParameter."""
    if name is not None and not re.fullmatch(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?", name):
        raise typer.BadParameter(f"{name!r} is no name: lower-case letters, digits, hyphens and dots make one")
    return name


def _valid_timeout(duration: str | None) -> str | None:
    if duration is not None:
        seconds(duration)
    return duration


def _option(*names: str, help: str, metavar: str, callback: Callable[..., Any] | None = None) -> Any:  # noqa: A002 - typer's word
    return typer.Option(*names, help=help, metavar=metavar, callback=callback)


OPTIONS: Final[dict[str, Any]] = {
    "namespace": Annotated[
        str | None,
        _option(
            "--namespace", "-n", help="Namespace; the context's own if not given.", metavar="NAME", callback=object_name
        ),
    ],
    "context": Annotated[str | None, _option("--context", help="Context of the kubeconfig.", metavar="NAME")],
    "kubeconfig": Annotated[
        str | None,
        _option("--kubeconfig", help="The kubeconfig; else $KUBECONFIG, else ~/.kube/config.", metavar="FILE"),
    ],
    "cluster": Annotated[
        str | None, _option("--cluster", help="Cluster of the kubeconfig, in place of the context's.", metavar="NAME")
    ],
    "user": Annotated[
        str | None, _option("--user", help="User of the kubeconfig, in place of the context's.", metavar="NAME")
    ],
    "impersonate": Annotated[str | None, _option("--as", help="Act as this user.", metavar="USER")],
    "impersonate_groups": Annotated[
        list[str] | None, _option("--as-group", help="Act as a member of this group; may be repeated.", metavar="GROUP")
    ],
    "request_timeout": Annotated[
        str | None,
        _option(
            "--request-timeout",
            help="Longest wait for one answer, such as 10s; 0 waits for ever.",
            metavar="TIME",
            callback=_valid_timeout,
        ),
    ],
}


def takes_flags(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command kubectl's flags; it receives them as one argument, `flags: Flags`.

    Flags before the command's name count too; those after it win.
    """
    own = [parameter for name, parameter in inspect.signature(command).parameters.items() if name != "flags"]
    context = inspect.Parameter("ctx", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)
    shared = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)
        for name, annotation in OPTIONS.items()
    ]

    @functools.wraps(command)
    def wrapper(ctx: typer.Context, **given: Any) -> Any:
        groups = tuple(given.pop("impersonate_groups") or ())
        named = {name: given.pop(name) for name in OPTIONS if name != "impersonate_groups"}
        before = ctx.obj if isinstance(ctx.obj, Flags) else Flags()
        ctx.obj = Flags(impersonate_groups=groups, **named).over(before)
        return command(flags=ctx.obj, **given)

    parameters = [context, *own, *shared]
    wrapper.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined] # read by typer
    wrapper.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return wrapper
