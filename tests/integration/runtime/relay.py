"""A TCP relay before the API server that can hang or refuse: TLS passes through, so the server stays the real one."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import yaml

from tests.cluster import RunningCluster


class Relay:
    """Passes bytes on until told otherwise. kubeconfig: the cluster's, through this relay."""

    def __init__(self, host: str, port: int) -> None:
        self._target = host, port
        self._open = asyncio.Event()
        self._open.set()
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._port = 0
        self.kubeconfig = Path()

    @classmethod
    @asynccontextmanager
    async def to(cls, cluster: RunningCluster) -> AsyncIterator["Relay"]:
        """Relay to a cluster's API server for the length of the block."""
        address = urlsplit(cluster.url)
        relay = cls(address.hostname or "", address.port or 443)
        await relay.pass_on()
        relay.kubeconfig = relay._written(cluster)
        try:
            yield relay
        finally:
            await relay.refuse()

    async def hang(self) -> None:
        """Accept everything and pass nothing on."""
        self._open.clear()

    async def refuse(self) -> None:
        """Close every connection and accept none."""
        self._open.set()
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in tuple(self._writers):
            writer.close()

    async def pass_on(self) -> None:
        """Pass everything on, that which waited too."""
        self._open.set()
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)
            self._port = self._server.sockets[0].getsockname()[1]

    def _written(self, cluster: RunningCluster) -> Path:
        config = yaml.safe_load(cluster.kubeconfig.read_text())
        for entry in config["clusters"]:
            entry["cluster"]["server"] = f"https://127.0.0.1:{self._port}"
        path = cluster.folder / f"relay-{self._port}.kubeconfig"
        path.write_text(json.dumps(config))
        return path

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        back_reader, back_writer = await asyncio.open_connection(*self._target)
        self._writers |= {writer, back_writer}
        await asyncio.gather(self._pump(reader, back_writer), self._pump(back_reader, writer))

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(1 << 16):
                await self._open.wait()
                writer.write(data)
                await writer.drain()
        writer.close()
        self._writers.discard(writer)
