"""Who we are to a cluster, and how we know that it is the one meant: in-cluster or by kubeconfig, as kubectl does it.

Reading them is the work of the `kubernetes` package: contexts, client certificates, tokens, exec plugins, OIDC.
"""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from kubernetes.aio import config
from kubernetes.aio.client import Configuration

from pilothouse.dataplane.errors import Denied, Invalid

RENEWAL_SECONDS: Final = 10.0
"""Least time between two renewals, so that a plugin whose tokens are refused is not run at every request."""
_MALFORMED: Final = (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError)
_MEND: Final = "Mend the kubeconfig: `kubectl --kubeconfig FILE version` must succeed with it."


class Loader(Protocol):
    """What reads a kubeconfig, and can read it again."""

    async def load_and_set(self, _configuration: Configuration, /) -> None:
        """Authenticate, running plugins where there are any, and write the result into the configuration."""


class Credentials:
    """The configuration of one connection. Tokens are renewed when the server refuses them; certificates are not."""

    def __init__(self, configuration: Configuration, loader: Loader | None = None) -> None:
        self.configuration = configuration
        self._loader = loader
        self._renewing = asyncio.Lock()
        self._renewed_at = float("-inf")

    async def authorization(self) -> str:
        """Return the Authorization header; empty where a client certificate does the work. Raises Denied."""
        try:
            return await self.configuration.get_api_key_with_prefix("BearerToken") or ""
        except (config.ConfigException, OSError) as error:
            raise Denied(f"cannot read the ServiceAccount's token: {error}") from error

    async def renew(self, refused: str) -> bool:
        """Get a new token in place of the `refused` one. False when there is none to be had now."""
        async with self._renewing:
            if await self.authorization() != refused:
                return True
            now = asyncio.get_running_loop().time()
            if self._loader is None or now - self._renewed_at < RENEWAL_SECONDS:
                return False
            self._renewed_at = now
            # The plugin's token says that it is still good, the server knows better.
            vars(self._loader).pop("exec_plugin_expiry", None)
            try:
                await self._loader.load_and_set(self.configuration)
            except (config.ConfigException, OSError, ValueError):
                return False
            return await self.authorization() != refused


def in_cluster(cell: str) -> Credentials:
    """Return the pod's own credentials; the token file is read again every minute. Raises Denied outside of a pod."""
    configuration = Configuration()
    try:
        config.load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
    except config.ConfigException as error:
        mend = "Run in a pod with a ServiceAccount, or give a kubeconfig."
        raise Denied(f"cell {cell}: in-cluster credentials: {error} {mend}") from error
    return Credentials(_with_proxy(configuration))


async def by_kubeconfig(cell: str, kubeconfig: Path | Mapping[str, Any], context: str = "") -> Credentials:
    """Return what a kubeconfig gives: a file, or its parsed content; `context` empty means the current one.

    Raises Invalid for a kubeconfig that is wrong, Denied when its plugin gives no credentials.
    """
    configuration = Configuration()
    try:
        loader = await _load(configuration, kubeconfig, context)
    except (config.ConfigException, OSError, *_MALFORMED) as error:
        raise Invalid(f"cell {cell}: kubeconfig: {type(error).__name__}: {error}. {_MEND}") from error
    if not configuration.host.startswith(("https://", "http://")):
        raise Invalid(f"cell {cell}: kubeconfig: server: expected a URL, found {configuration.host!r}. {_MEND}")
    user = getattr(getattr(loader, "_user", None), "value", None) or {}
    if "exec" in user and not (configuration.api_key or configuration.cert_file):
        command = (user["exec"] or {}).get("command", "")
        raise Denied(f"cell {cell}: the kubeconfig's exec plugin {command!r} gave no credentials. {_MEND}")
    return Credentials(_with_proxy(configuration), loader)


async def _load(configuration: Configuration, kubeconfig: Path | Mapping[str, Any], context: str) -> Loader:
    chosen = context or None
    if isinstance(kubeconfig, Path):
        with kubeconfig.open():
            pass  # the library only logs that there is no such file
        loader: Loader = await config.load_kube_config(  # type: ignore[no-untyped-call]
            str(kubeconfig), context=chosen, client_configuration=configuration, persist_config=False
        )
    else:
        loader = await config.load_kube_config_from_dict(  # type: ignore[no-untyped-call]
            dict(kubeconfig), context=chosen, client_configuration=configuration
        )
    return loader


def _with_proxy(configuration: Configuration) -> Configuration:
    """Settle the environment's proxy once: asking for it at every request costs more than the request."""
    address = urlsplit(configuration.host)
    if not configuration.proxy and not proxy_bypass(address.hostname or ""):
        configuration.proxy = getproxies().get(address.scheme)
    return configuration
