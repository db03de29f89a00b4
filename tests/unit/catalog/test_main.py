"""The command that writes generated files."""

import io
import json
import runpy
import sys
from pathlib import Path

import pytest

from pilothouse.catalog import crds
from pilothouse.catalog.__main__ import __file__ as program
from pilothouse.catalog.__main__ import helm_template, main
from tests.unit.catalog.test_podtemplate import OPENAPI


def test_crds_are_written_where_asked(tmp_path: Path) -> None:
    main(["crds", "--out", str(tmp_path / "new"), "--chart", str(tmp_path / "chart")])
    assert {path.name: path.read_text() for path in (tmp_path / "new").iterdir()} == crds.files()
    assert {path.name for path in (tmp_path / "chart").iterdir()} == set(crds.files())


def test_what_looks_like_a_template_in_a_definition_is_plain_text_to_helm() -> None:
    text = helm_template("# made\nmetadata:\n  name: cells\nspec:\n  description: '{{ x }}'\n")
    assert "  description: '{{ \"{{\" }} x }}'" in text.splitlines(), "Helm would look for a function x"


def test_a_pod_template_is_written_from_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(json.dumps(OPENAPI)))
    main(["podtemplate", "--out", str(tmp_path / "pod.json")])
    written = json.loads((tmp_path / "pod.json").read_text())
    assert written["$ref"] == "#/$defs/io.k8s.api.core.v1.PodTemplateSpec"


def test_as_a_program_it_says_what_it_can_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["catalog", "--help"])
    with pytest.raises(SystemExit, match="0"):
        runpy.run_path(program, run_name="__main__")
    assert "crds" in capsys.readouterr().out
