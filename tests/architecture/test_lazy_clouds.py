"""A cloud's SDK costs seconds and a hundred megabytes: it is loaded when a Cell of that cloud exists, not before."""

import subprocess
import sys

import pytest

from tests.architecture.tree import PACKAGE

ROOMS = sorted(path.parent.name for path in PACKAGE.glob("*/__init__.py"))
CLOUD_SDKS = ("azure.core", "boto3", "botocore", "google.cloud.compute_v1")
PROBE = """
import importlib, pkgutil, sys
room = importlib.import_module(sys.argv[1])
for module in pkgutil.iter_modules(room.__path__, room.__name__ + "."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
print(*[sdk for sdk in sys.argv[2:] if sdk in sys.modules])
"""


def loaded(program: str, *arguments: str) -> list[str]:
    """The words that a fresh interpreter prints when it runs `program`."""
    run = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=False, timeout=60
    )
    assert run.returncode == 0, run.stderr
    return run.stdout.split()


@pytest.mark.parametrize("room", ROOMS)
def test_no_room_loads_a_clouds_sdk_when_it_is_imported(room: str) -> None:
    assert loaded(PROBE, f"pilothouse.{room}", *CLOUD_SDKS) == []


def test_the_probe_sees_an_sdk_that_is_loaded() -> None:
    assert "boto3" in loaded("import boto3, sys; print(*sys.modules)")
