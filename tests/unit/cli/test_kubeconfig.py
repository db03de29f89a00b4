"""The plugin goes where kubectl would go, or says which file, context or name to mend."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from pilothouse.cli.errors import ConnectionFailed
from pilothouse.cli.flags import Flags
from pilothouse.cli.kubeconfig import load


def config(name: str = "prod", **more: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": {"server": f"https://{name}.localhost:6443"}}],
        "users": [{"name": f"{name}-admin", "user": {"token": f"token-of-{name}"}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": f"{name}-admin", "namespace": "shop"}}],
        "current-context": name,
        **more,
    }


def written(path: Path, content: Any) -> str:
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content), encoding="utf-8")
    return str(path)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home without a kubeconfig."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("KUBECONFIG", raising=False)
    return tmp_path


def reached(flags: Flags) -> tuple[str, str, str]:
    """Server, token and namespace."""
    configuration, namespace = load(flags)
    return str(configuration.host), str(configuration.api_key.get("BearerToken", "")), namespace


PROD = ("https://prod.localhost:6443", "Bearer token-of-prod")
TEST = ("https://test.localhost:6443", "Bearer token-of-test")


def test_the_usual_place_is_looked_at_last(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / ".kube").mkdir()
    written(home / ".kube" / "config", config("prod"))
    assert reached(Flags()) == (*PROD, "shop")
    monkeypatch.setenv("KUBECONFIG", written(home / "other", config("test")))
    assert reached(Flags()) == (*TEST, "shop")
    assert reached(Flags(kubeconfig=str(home / ".kube" / "config"))) == (*PROD, "shop")


def test_several_files_are_merged_and_missing_ones_skipped(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = [written(home / "a", config("prod")), str(home / "missing"), written(home / "b", config("test"))]
    monkeypatch.setenv("KUBECONFIG", ":".join(files))
    assert reached(Flags(context="prod")) == (*PROD, "shop")
    assert reached(Flags(context="test", namespace="other")) == (*TEST, "other")


def test_cluster_and_user_stand_in_for_those_of_the_context(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    both = [written(home / "a", config("prod")), written(home / "b", config("test"))]
    monkeypatch.setenv("KUBECONFIG", ":".join(both))
    assert reached(Flags(context="prod", user="test-admin")) == (PROD[0], TEST[1], "shop")
    assert reached(Flags(context="prod", cluster="test")) == (TEST[0], PROD[1], "shop")


def test_cluster_and_user_are_enough_without_a_context(home: Path) -> None:
    file = written(home / "a", config("prod", **{"contexts": [], "current-context": ""}))
    assert reached(Flags(kubeconfig=file, cluster="prod", user="prod-admin")) == (*PROD, "default")


def test_a_context_without_a_user_is_nobody(home: Path) -> None:
    file = written(home / "a", config("prod", contexts=[{"name": "prod", "context": {"cluster": "prod"}}]))
    assert reached(Flags(kubeconfig=file)) == (PROD[0], "", "default")


MEND = "pass --kubeconfig, or set KUBECONFIG to a file that works with kubectl"
UNUSABLE = "kubeconfig FILE: it can not be used: "
BROKEN: dict[str, tuple[Any, Flags, str]] = {
    "no such context": (
        config(),
        Flags(context="pord"),
        "context 'pord': not in the kubeconfig FILE: did you mean prod? choose one with --context",
    ),
    "no current context": (
        config(**{"current-context": ""}),
        Flags(),
        "kubeconfig FILE: no current-context: there are prod: choose one with --context",
    ),
    "no such cluster": (
        config(),
        Flags(cluster="x"),
        "cluster 'x': not in the kubeconfig FILE: there are prod: choose one with --cluster",
    ),
    "no such user": (
        config(),
        Flags(user="x"),
        "user 'x': not in the kubeconfig FILE: there are prod-admin: choose one with --user",
    ),
    "nothing in it": ("", Flags(), f"{UNUSABLE}Invalid kube-config. FILE file is empty: {MEND}"),
    "something else": ("hello", Flags(), UNUSABLE),
    "no YAML": ("a: [", Flags(), f"{UNUSABLE}while parsing"),
    "a context that is no mapping": (config(contexts=[{"name": "prod", "context": 3}]), Flags(), UNUSABLE),
    "a context without a name": (config(contexts=[{"context": {}}]), Flags(), UNUSABLE),
}


@pytest.mark.parametrize(("content", "flags", "message"), BROKEN.values(), ids=BROKEN)
def test_what_can_not_be_used_is_named_with_the_mend(content: Any, flags: Flags, message: str, home: Path) -> None:
    file = written(home / "broken", content)
    with pytest.raises(ConnectionFailed) as caught:
        load(flags.over(Flags(kubeconfig=file)))
    assert str(caught.value).startswith(message.replace("FILE", file))


def test_no_file_at_all_names_the_places_looked_at(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cases = {
        "~/.kube/config (from its usual place)": Flags(),
        f"{home}/x (from --kubeconfig)": Flags(kubeconfig=f"{home}/x"),
    }
    for place, flags in cases.items():
        with pytest.raises(ConnectionFailed) as caught:
            load(flags)
        assert str(caught.value) == f"kubeconfig: no file {place}: {MEND}"
    monkeypatch.setenv("KUBECONFIG", f"{home}/y")
    with pytest.raises(ConnectionFailed, match=r"no file .*/y \(from \$KUBECONFIG\)"):
        load(Flags())
