"""Find the cluster and the person that kubectl would, from the same files and flags."""

import os
from pathlib import Path
from typing import Any, Final

import yaml
from kubernetes.client import Configuration
from kubernetes.config import ConfigException
from kubernetes.config.kube_config import ConfigNode, KubeConfigLoader, KubeConfigMerger

from pilothouse.cli.errors import ConnectionFailed
from pilothouse.cli.flags import Flags
from pilothouse.cli.nearby import hint

DEFAULT: Final = "~/.kube/config"
_MALFORMED: Final = (OSError, ValueError, TypeError, AttributeError, KeyError, IndexError, RecursionError)
CHOSEN: Final = "chosen by the flags"


def load(flags: Flags) -> tuple[Configuration, str]:
    """Return how to reach the cluster, and the namespace to use; raises ConnectionFailed with what to mend."""
    files = _files(flags)
    try:
        merged: Any = KubeConfigMerger(files).config  # type: ignore[no-untyped-call]
        context = _context(merged.value, flags, files)
        merged.value["contexts"] = [ConfigNode(CHOSEN, {"name": CHOSEN, "context": context}, None)]  # type: ignore[no-untyped-call]
        configuration = Configuration(retries=False)  # a person is waiting, and can press the arrow key
        loader = KubeConfigLoader(merged, active_context=CHOSEN, config_base_path=None)  # type: ignore[no-untyped-call]
        loader.load_and_set(configuration)  # type: ignore[no-untyped-call]
    except (ConfigException, yaml.YAMLError, *_MALFORMED) as error:
        raise ConnectionFailed(f"kubeconfig {files}: it can not be used: {error}: {_mend()}") from error
    return configuration, flags.namespace or context.get("namespace") or "default"


def _files(flags: Flags) -> str:
    """Return the kubeconfig files that exist, joined as in $KUBECONFIG."""
    if flags.kubeconfig:
        named, where = [flags.kubeconfig], "--kubeconfig"
    elif os.environ.get("KUBECONFIG"):
        named, where = os.environ["KUBECONFIG"].split(os.pathsep), "$KUBECONFIG"
    else:
        named, where = [DEFAULT], "its usual place"
    found = [name for name in named if name and Path(name).expanduser().is_file()]
    if not found:
        raise ConnectionFailed(f"kubeconfig: no file {os.pathsep.join(named)} (from {where}): {_mend()}")
    return os.pathsep.join(found)


def _context(config: dict[str, Any], flags: Flags, files: str) -> dict[str, Any]:
    """Return the context that the flags choose, with the cluster and the user that they put in its place."""
    contexts = {str(entry["name"]): dict(entry["context"]) for entry in map(_plain, config["contexts"])}
    name = flags.context or config.get("current-context") or ""
    if name not in contexts and (flags.context or not flags.cluster):
        asked = (
            f"context {name!r}: not in the kubeconfig {files}" if name else f"kubeconfig {files}: no current-context"
        )
        raise ConnectionFailed(f"{asked}: {hint(name, contexts, 'contexts')}choose one with --context")
    context = contexts.get(name, {})
    chosen = {"cluster": flags.cluster or context.get("cluster"), "user": flags.user or context.get("user")}
    for kind, wanted in chosen.items():
        known = [str(_plain(entry)["name"]) for entry in config[f"{kind}s"]]
        if wanted and wanted not in known:
            names = hint(wanted, known, f"{kind}s")
            raise ConnectionFailed(f"{kind} {wanted!r}: not in the kubeconfig {files}: {names}choose one with --{kind}")
    return {**context, **{kind: wanted for kind, wanted in chosen.items() if wanted}}


def _plain(entry: Any) -> dict[str, Any]:
    content: dict[str, Any] = getattr(entry, "value", entry)
    return content


def _mend() -> str:
    return "pass --kubeconfig, or set KUBECONFIG to a file that works with kubectl"
