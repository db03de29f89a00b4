"""Build the cluster's programs from Go modules into a cache, once per go.mod, go.sum and Go version."""

import hashlib
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.cluster import toolchain
from tests.cluster.cache import cache_dir, exclusive
from tests.cluster.errors import BuildError

CLUSTER_MODULE = Path(__file__).parent
HELM_MODULE = CLUSTER_MODULE / "helm"  # apart, because one module would force Helm's dependencies on Kubernetes


@dataclass(frozen=True)
class Program:
    """One command: the name it gets in the cache, its Go package and the folder of the go.mod that pins it."""

    name: str
    package: str
    module: Path


PROGRAMS = (
    Program("kube-apiserver", "k8s.io/kubernetes/cmd/kube-apiserver", CLUSTER_MODULE),
    Program("kube-controller-manager", "k8s.io/kubernetes/cmd/kube-controller-manager", CLUSTER_MODULE),
    Program("kube-scheduler", "k8s.io/kubernetes/cmd/kube-scheduler", CLUSTER_MODULE),
    Program("kubectl", "k8s.io/kubernetes/cmd/kubectl", CLUSTER_MODULE),
    Program("etcd", "go.etcd.io/etcd/server/v3", CLUSTER_MODULE),
    Program("kwok", "sigs.k8s.io/kwok/cmd/kwok", CLUSTER_MODULE),
    Program("helm", "helm.sh/helm/v4/cmd/helm", HELM_MODULE),
)


def say(line: str) -> None:
    """Show progress at once, also where the output is a file."""
    print(line, flush=True)


def ensure(progress: Callable[[str], None] = say) -> Path:
    """The folder of all programs, built first when the cache has none for these sources.

    A cold build takes about nine minutes on two cores. Concurrent callers wait for the one that builds.
    Raises BuildError.
    """
    tools = toolchain.find(CLUSTER_MODULE, progress)
    folder = cache_dir() / f"programs-{cache_key(tools.version)}"
    if folder.exists():
        return folder
    with exclusive(cache_dir() / "programs.lock"):
        if not folder.exists():
            build_all(tools, folder, progress)
    return folder


def cache_key(go_version: str, modules: tuple[Path, ...] = (CLUSTER_MODULE, HELM_MODULE)) -> str:
    """Twelve hexadecimal digits that change with any go.mod, any go.sum, the Go version or the link flags."""
    digest = hashlib.sha256(go_version.encode())
    for module in modules:
        for name in ("go.mod", "go.sum"):
            content = (module / name).read_bytes()
            digest.update(f"\0{name} {len(content)}\0".encode() + content)
        digest.update(link_flags(module).encode())
    return digest.hexdigest()[:12]


def link_flags(module: Path) -> str:
    """Linker flags that stamp the versions of the go.mod: else no client can parse the server's version."""
    go_mod = (module / "go.mod").read_text()
    flags = ["-s", "-w"]
    if found := re.search(r"\sk8s\.io/kubernetes (v(\d+)\.(\d+)\.\S+)", go_mod):
        stamped = {"gitVersion": found[1], "gitMajor": found[2], "gitMinor": found[3]}
        flags += [f"-X k8s.io/component-base/version.{name}={value}" for name, value in stamped.items()]
    if found := re.search(r"\shelm\.sh/helm/v4 (v\S+)", go_mod):
        flags.append(f"-X helm.sh/helm/v4/internal/version.version={found[1]}")
    return " ".join(flags)


def build_all(tools: toolchain.Toolchain, folder: Path, progress: Callable[[str], None]) -> None:
    """Build every program; `folder` appears only when all are there."""
    half = folder.with_suffix(".part")
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir()
    progress(
        f"Building {len(PROGRAMS)} programs with {tools.version} into {folder}: minutes the first time, then cached."
    )
    for number, program in enumerate(PROGRAMS, start=1):
        progress(f"[{number}/{len(PROGRAMS)}] {program.name} ...")
        started = time.monotonic()
        build_one(tools.go, program, half)
        progress(f"[{number}/{len(PROGRAMS)}] {program.name} {time.monotonic() - started:.0f} s")
    half.rename(folder)


def build_one(go: Path, program: Program, folder: Path) -> None:
    """Compile and link one program into `folder`. Raises BuildError with the compiler's words."""
    command: list[str | Path] = [
        go,
        "build",
        "-trimpath",
        "-ldflags",
        link_flags(program.module),
        "-o",
        folder / program.name,
    ]
    # A go.work above the tree would replace our pins.
    environment = os.environ | {"GOWORK": "off"}
    done = subprocess.run(
        [*command, program.package], cwd=program.module, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise BuildError(f"{program.name}: go build in {program.module} failed: {done.stderr.strip()[-2000:]}")
