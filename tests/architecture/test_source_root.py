"""The source root shares its name with a module of the standard library, and must never stand in for it."""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT, SOURCE_ROOT, label, modules

MEANINGLESS_NAMES = ("utils", "util", "helpers", "helper", "common", "misc", "manager", "managers")


def test_the_source_root_is_not_a_package() -> None:
    assert not (SOURCE_ROOT / "__init__.py").exists(), (
        "operator/__init__.py would shadow the standard library's operator"
    )


@pytest.mark.parametrize("directory", [ROOT, SOURCE_ROOT], ids=["repository", "source-root"])
def test_operator_is_the_standard_librarys_wherever_python_starts(directory: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(directory)}
    # Start-up may have imported operator already, from elsewhere: find it anew.
    program = (
        "import importlib.util as u, sys; sys.modules.pop('operator', None); print(u.find_spec('operator').origin)"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], cwd=directory, env=environment, capture_output=True, text=True, check=True
    )
    assert Path(run.stdout.strip()).parent == Path(sysconfig.get_path("stdlib"))


@pytest.mark.parametrize("module", modules(), ids=label)
def test_a_modules_name_says_what_lives_there(module: Path) -> None:
    words = {*module.relative_to(SOURCE_ROOT).with_suffix("").parts}
    vague = {word for word in words if word.strip("_") in MEANINGLESS_NAMES or word.startswith("base")}
    assert not vague, f"{label(module)}: name it after what it holds, not {', '.join(sorted(vague))}"
