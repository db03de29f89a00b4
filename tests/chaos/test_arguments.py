"""What is wrong with an argument is said with what to give."""

import pytest

from tests.chaos.__main__ import main


@pytest.mark.parametrize(
    ("flag", "wrong", "mend"),
    [
        ("--minutes", "abc", "abc: give a number above 0"),
        ("--minutes", "0", "0: give a number above 0"),
        ("--minutes", "nan", "nan: give a number above 0"),
        ("--applications", "x", "x: give a whole number, at least 1"),
        ("--applications", "0", "0: give a whole number, at least 1"),
    ],
)
def test_a_wrong_number_is_refused_with_its_mend(
    flag: str, wrong: str, mend: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["chaos", flag, wrong])
    with pytest.raises(SystemExit):
        main()
    assert f"argument {flag}: {mend}" in capsys.readouterr().err
