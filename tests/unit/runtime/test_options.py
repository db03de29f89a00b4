"""The command line: its defaults are the chart's, and what is wrong is told with what is right."""

import pytest

from pilothouse.runtime.options import Options, options


def test_the_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POD_NAMESPACE", "here")
    assert options(["run"]) == Options(namespace="here")
    assert options(["run"]).rebalance_seconds == 60.0


def test_everything_can_be_told() -> None:
    given = "run --namespace ops --control-plane-id main --identity pod-1 --liveness 127.0.0.1:1 --metrics [::1]:2"
    given += " --log-format json --log-level debug --sweep-seconds 5 --workers 4"
    given += " --rebalance-seconds 7.5"
    assert options(given.split()) == Options(
        namespace="ops",
        control_plane_id="main",
        identity="pod-1",
        liveness="127.0.0.1:1",
        metrics="[::1]:2",
        log_format="json",
        log_level="debug",
        sweep_seconds=5.0,
        rebalance_seconds=7.5,
        workers=4,
    )


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("run --liveness 8080", "expected an address such as :8080"),
        ("run --workers 0", "expected at least 1"),
        ("run --sweep-seconds 0.1", "expected at least 1 seconds"),
        ("run --sweep-seconds 301", "expected at most 300 seconds"),
        ("run --rebalance-seconds 0", "expected at least 1 seconds"),
        ("run --rebalance-seconds 0.99", "expected at least 1 seconds"),
        ("run --rebalance-seconds=-5", "found -5, expected at least 1 seconds"),
        ("run --rebalance-seconds nan", "found nan, expected at least 1 seconds"),
        ("run --rebalance-seconds often", "invalid _look value"),
        ("run --log-level loud", "invalid choice"),
        ("", "COMMAND"),
    ],
)
def test_what_is_wrong_is_told(wrong: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        options(wrong.split())
    assert ended.value.code == 2
    assert said in capsys.readouterr().err
