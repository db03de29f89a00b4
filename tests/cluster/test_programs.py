"""The cache of programs: rebuilt exactly when its inputs change, by one process at a time, never half there."""

import threading
import time
from pathlib import Path

import pytest

from tests.cluster import programs, toolchain
from tests.cluster.errors import BuildError
from tests.cluster.toolchain import Toolchain

GO_MOD = "module example\n\ngo 1.26.0\n\nrequire k8s.io/kubernetes v1.37.2\n"


def module(folder: Path, go_mod: str = GO_MOD, go_sum: str = "sums\n") -> Path:
    folder.mkdir()
    (folder / "go.mod").write_text(go_mod)
    (folder / "go.sum").write_text(go_sum)
    return folder


def test_the_same_sources_and_go_give_the_same_key_wherever_they_lie(tmp_path: Path) -> None:
    here, there = module(tmp_path / "here"), module(tmp_path / "there")
    assert programs.cache_key("go1.26.8", (here,)) == programs.cache_key("go1.26.8", (there,))


@pytest.mark.parametrize(
    ("go_mod", "go_sum", "go", "reason"),
    [
        (GO_MOD.replace("1.37.2", "1.37.3"), "sums\n", "go1.26.8", "another version of a module is another program"),
        (GO_MOD, "other sums\n", "go1.26.8", "other content behind the same version is another program"),
        (GO_MOD, "sums\n", "go1.26.9", "a toolchain with a fix must not be hidden by programs built before it"),
        (GO_MOD + "sums\n", "", "go1.26.8", "a line that moves from one file to the other is a change too"),
    ],
)
def test_a_change_of_any_input_changes_the_key(tmp_path: Path, go_mod: str, go_sum: str, go: str, reason: str) -> None:
    before = programs.cache_key("go1.26.8", (module(tmp_path / "before"),))
    assert programs.cache_key(go, (module(tmp_path / "after", go_mod, go_sum),)) != before, reason


def test_the_programs_are_stamped_with_the_versions_their_go_mod_pins() -> None:
    # Without the stamp kubectl and Helm cannot parse the server's version.
    flags = programs.link_flags(programs.CLUSTER_MODULE)
    assert "-X k8s.io/component-base/version.gitVersion=v1." in flags
    assert "-X k8s.io/component-base/version.gitMajor=1 " in flags
    assert "-X helm.sh/helm/v4/internal/version.version=v4." in programs.link_flags(programs.HELM_MODULE)


@pytest.fixture
def cold_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(toolchain, "find", lambda *_: Toolchain(Path("go"), "go1.26.8 linux amd64"))
    return tmp_path / "pilothouse"


def test_of_two_runs_that_find_nothing_one_builds_and_the_other_waits(
    cold_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    builds: list[Path] = []

    def build(_tools: Toolchain, folder: Path, _progress: object) -> None:
        builds.append(folder)
        time.sleep(0.1)
        folder.mkdir()

    monkeypatch.setattr(programs, "build_all", build)
    found: list[Path] = []
    threads = [threading.Thread(target=lambda: found.append(programs.ensure())) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(builds) == 1
    assert found == [builds[0], builds[0]]
    assert builds[0].parent == cold_cache


def test_a_build_that_breaks_off_leaves_no_folder_that_looks_complete(
    cold_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def build(_go: Path, program: programs.Program, folder: Path) -> None:
        if program.name == "etcd":
            raise BuildError("etcd: no space left on device")
        (folder / program.name).touch()

    monkeypatch.setattr(programs, "build_one", build)
    with pytest.raises(BuildError, match="etcd"):
        programs.ensure()
    assert [path.name for path in cold_cache.glob("programs-*") if path.suffix != ".part"] == []


def test_progress_names_every_program_when_it_begins_and_when_it_ends(
    cold_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[str] = []
    monkeypatch.setattr(programs, "build_one", lambda _go, program, folder: (folder / program.name).touch())
    folder = programs.ensure(lines.append)
    assert folder.parent == cold_cache
    assert lines[1::2] == [f"[{n}/7] {program.name} ..." for n, program in enumerate(programs.PROGRAMS, 1)]
    assert lines[2::2] == [f"[{n}/7] {program.name} 0 s" for n, program in enumerate(programs.PROGRAMS, 1)]
    assert {path.name for path in folder.iterdir()} == {program.name for program in programs.PROGRAMS}
