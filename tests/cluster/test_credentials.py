"""Certificates that verify, and kubeconfigs that keep their secrets."""

import ssl
import stat
from pathlib import Path

import pytest
import yaml

from tests.cluster import certificates, kubeconfig
from tests.cluster.errors import ClusterError


def handshake(server: ssl.SSLObject, client: ssl.SSLObject, wires: tuple[ssl.MemoryBIO, ...]) -> None:
    """Pass bytes between both ends until they agree or one refuses."""
    client_in, client_out, server_in, server_out = wires
    waiting = {client, server}
    while waiting:
        for end in tuple(waiting):
            try:
                end.do_handshake()
                waiting.discard(end)
            except ssl.SSLWantReadError:
                pass
            server_in.write(client_out.read())
            client_in.write(server_out.read())


def connect(authority: certificates.Authority, trusted: bytes, name: str, folder: Path) -> None:
    """Let a client that trusts `trusted` connect as `name` to a server certified by `authority`."""
    certificate, key = authority.server(["kubernetes"], ["127.0.0.1"]).write(folder, "server")
    serving = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    serving.load_cert_chain(certificate, key)
    asking = ssl.create_default_context(cadata=trusted.decode())
    wires = tuple(ssl.MemoryBIO() for _ in range(4))
    client = asking.wrap_bio(wires[0], wires[1], server_hostname=name)
    server = serving.wrap_bio(wires[2], wires[3], server_side=True)
    handshake(server, client, wires)


@pytest.mark.parametrize("name", ["127.0.0.1", "kubernetes"])
def test_a_client_that_trusts_the_authority_verifies_the_server(tmp_path: Path, name: str) -> None:
    authority = certificates.Authority()
    connect(authority, authority.certificate, name, tmp_path)


def test_a_client_refuses_a_server_of_another_authority(tmp_path: Path) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        connect(certificates.Authority(), certificates.Authority().certificate, "127.0.0.1", tmp_path)


def test_a_client_refuses_the_right_server_at_the_wrong_address(tmp_path: Path) -> None:
    authority = certificates.Authority()
    with pytest.raises(ssl.SSLCertVerificationError, match=r"127\.0\.0\.2"):
        connect(authority, authority.certificate, "127.0.0.2", tmp_path)


def test_only_the_owner_can_read_a_key_or_a_kubeconfig(tmp_path: Path) -> None:
    _, key = certificates.Authority().client("jane").write(tmp_path, "jane")
    _, signing = certificates.service_account_keys(tmp_path)
    endpoint = kubeconfig.Endpoint("https://127.0.0.1:1", b"ca")
    config = kubeconfig.write(tmp_path / "config", endpoint, kubeconfig.by_token("t"))
    assert {stat.S_IMODE(path.stat().st_mode) for path in (key, signing, config)} == {0o600}


def test_a_kubeconfig_reads_back_as_it_was_written(tmp_path: Path) -> None:
    endpoint = kubeconfig.Endpoint("https://127.0.0.1:6443", b"-----BEGIN CERTIFICATE-----\n")
    pair = certificates.KeyPair(b"certificate", b"key")
    for user in (kubeconfig.by_token("secret"), kubeconfig.by_certificate(pair)):
        text = kubeconfig.write(tmp_path / "config", endpoint, user).read_text()
        assert kubeconfig.read(text) == (endpoint, user)


def test_an_unverified_server_is_refused_with_the_mend(tmp_path: Path) -> None:
    path = kubeconfig.write(tmp_path / "config", kubeconfig.Endpoint("https://127.0.0.1:1", b""), {"token": "t"})
    content = yaml.safe_load(path.read_text())
    content["clusters"][0]["cluster"] = {"server": "https://127.0.0.1:1", "insecure-skip-tls-verify": True}
    with pytest.raises(ClusterError, match="cluster pilothouse: no certificate-authority-data: add the CA"):
        kubeconfig.read(yaml.safe_dump(content))
