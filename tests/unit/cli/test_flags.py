"""Whoever knows kubectl's flags knows ours, wherever they stand on the line."""

from typing import Any

import pytest
import typer

from pilothouse.cli import commands, records, requests
from pilothouse.cli.flags import Flags, Format, seconds
from pilothouse.cli.main import DIFF_FAILED, run


@pytest.mark.parametrize(
    ("text", "expected"),
    [("0", None), ("30", 30), ("500ms", 0.5), ("1m30s", 90), ("2h", 7_200), ("1.5s", 1.5)],
)
def test_durations_are_those_of_kubectl(text: str, expected: float | None) -> None:
    assert seconds(text) == expected


@pytest.mark.parametrize("text", ["", "s", "3x", "-1", "1 s", "ten"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="is no duration: write seconds, or a unit"):
        seconds(text)


def test_flags_of_the_same_cluster_are_spelled_for_the_next_command() -> None:
    flags = Flags("shop", "prod", "my config", "c", "u", "jane", ("a", "b"), "5s")
    assert flags.spelled() == [
        "--context=prod",
        "--kubeconfig='my config'",
        "--cluster=c",
        "--user=u",
        "--as=jane",
        "--as-group=a",
        "--as-group=b",
    ]


class Recorded:
    """Stands where the commands are, to see what the command line came to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls: list[tuple[Any, ...]] = []
        for name in ("plan", "approve", "status", "why"):
            monkeypatch.setattr(commands, name, self._recorder(name))
        for name in ("history", "diff"):
            monkeypatch.setattr(records, name, self._recorder(name))
        for name in ("retry", "replace"):
            monkeypatch.setattr(requests, name, self._recorder(name))

    def _recorder(self, name: str) -> Any:
        def record(*given: Any, **named: Any) -> int:
            self.calls.append((name, *given, *named.values()))
            return 0

        return record


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> Recorded:
    return Recorded(monkeypatch)


LINES = {
    "plan checkout": ("plan", Flags(), "checkout", None, False, False),
    "plan checkout -n shop -o json --calls --detailed-exitcode": (
        "plan",
        Flags(namespace="shop"),
        "checkout",
        Format.JSON,
        True,
        True,
    ),
    "-n shop --context=prod plan checkout": ("plan", Flags("shop", "prod"), "checkout", None, False, False),
    "-n shop plan checkout -n other": ("plan", Flags("other"), "checkout", None, False, False),
    "approve checkout --plan checkout-1-a -y": ("approve", Flags(), "checkout", "checkout-1-a", True),
    "diff checkout-1-a checkout": ("diff", Flags(), "checkout-1-a", "checkout"),
    "replace checkout eu-a/Service/web": ("replace", Flags(), "checkout", "eu-a/Service/web", False),
    "retry checkout -n shop": ("retry", Flags("shop"), "checkout"),
    "history checkout -o name": ("history", Flags(), "checkout", Format.NAME),
    "status": ("status", Flags(), None, None, False),
    "status -A -o yaml --request-timeout 5s": ("status", Flags(request_timeout="5s"), None, Format.YAML, True),
    "why web -a checkout --as jane --as-group x --as-group y --user u --cluster c --kubeconfig f": (
        "why",
        Flags(None, None, "f", "c", "u", "jane", ("x", "y")),
        "web",
        "checkout",
        None,
        False,
    ),
}


@pytest.mark.parametrize(("line", "expected"), LINES.items(), ids=LINES)
def test_a_command_line_comes_to_one_call(line: str, expected: tuple[Any, ...], recorded: Recorded) -> None:
    assert run(line.split()) == 0
    assert recorded.calls == [expected]


NO_NAME = "is no name: lower-case letters, digits, hyphens and dots make one"
MISTAKES = {
    "plan": ("plan", "Missing argument 'name'"),
    "plan ..": ("plan", f"Invalid value for 'name': '..' {NO_NAME}"),
    "status -n Shop": ("status", f"Invalid value for '--namespace' / '-n': 'Shop' {NO_NAME}"),
    "plan checkout -o table": (
        "plan",
        "Invalid value for '--output' / '-o': Value error, 'table' is not one of 'json', 'yaml', 'name'",
    ),
    "status --request-timeout soon": (
        "status",
        "Invalid value for '--request-timeout': 'soon' is no duration: write seconds, or a unit as in 500ms, 30s, 2m",
    ),
    "status checkout -A": (
        "status",
        "Invalid value: an Application is in one namespace: give NAME with -n, or -A without NAME",
    ),
    "why web -a checkout -A": (
        "why",
        "Invalid value: an Application is in one namespace: give -a with -n, or -A without -a",
    ),
    "statsu": ("", "No such command 'statsu'. Did you mean 'status'?"),
}


@pytest.mark.parametrize(("line", "expected"), MISTAKES.items(), ids=MISTAKES)
def test_a_mistake_is_one_line_and_never_the_exit_code_for_changes(
    line: str, expected: tuple[str, str], recorded: Recorded, capsys: pytest.CaptureFixture[str]
) -> None:
    command, message = expected
    assert run(line.split()) == 1
    where = f"kubectl pilothouse {command}".strip()
    assert capsys.readouterr() == ("", f"error: {message}: see {where} --help\n")
    assert recorded.calls == []


def test_a_mistake_in_a_diff_does_not_tell_that_plans_differ(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["diff", "checkout-1-a"]) == DIFF_FAILED
    assert run(["--kubeconfig=/nowhere", "diff", "a", "b"]) == DIFF_FAILED
    assert run(["diff", "a", "b", "--namespace"]) == DIFF_FAILED
    assert capsys.readouterr().err.count("error: ") == 3


@pytest.mark.parametrize(
    ("line", "command"), [("fleet --svg", " fleet"), ("-n diff simulate --lose", " simulate"), ("--context", "")]
)
def test_an_option_without_its_value_is_told_with_the_help_of_its_command(
    line: str, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(line.split()) == 1
    assert capsys.readouterr().err.endswith(f"requires an argument: see kubectl pilothouse{command} --help\n")


def test_no_words_at_all_ask_for_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == 0
    assert "Usage: kubectl pilothouse" in capsys.readouterr().out
