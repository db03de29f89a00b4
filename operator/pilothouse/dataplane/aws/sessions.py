"""Whose credentials calls are signed with: a key pair, a web identity, or the ambient ones, and the roles from there.

Temporary credentials are asked for when they are first used and again before they expire, so nothing is restarted when
a token or key is replaced.
"""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

import botocore.session
from botocore import UNSIGNED
from botocore.config import Config
from botocore.credentials import CredentialProvider, CredentialResolver, DeferredRefreshableCredentials
from botocore.loaders import Loader

from pilothouse.api.cell import AssumedRole, AwsCell
from pilothouse.dataplane.aws.credentials import AccessKey
from pilothouse.dataplane.errors import Denied
from pilothouse.dataplane.types import Call, Sensitive

TOKEN_FILE: Final = "AWS_WEB_IDENTITY_TOKEN_FILE"  # noqa: S105 - the name of a variable
"""The environment variable by which EKS tells where it writes a pod's token."""

_NAME: Final = "pilothouse"
"""What sessions are called in the account's audit log."""

# Shared, because each loader keeps what it parsed: EC2's description alone takes 25 MiB.
_LOADER: Final = Loader()

Ask = Callable[[Any, Call], Any]
"""Sends a call through a client of the SDK; raises the errors of `dataplane.errors` and nothing else."""
Make = Callable[..., Any]
"""Makes a client: of a session's factory, the service's name, and further keywords."""


def opened(cell: AwsCell, credentials: AccessKey | None, make: Make, ask: Ask) -> botocore.session.Session:
    """Return the session of a Cell. credentials: a key pair; the ambient credentials, or a web identity, when None."""
    session = _session()
    if credentials is not None:
        key = credentials
        session.set_credentials(key.access_key_id, str(key.secret_access_key), key.session_token)
    elif cell.web_identity is not None:
        unsigned = make(session.create_client, "sts", config=Config(signature_version=UNSIGNED))
        session = _refreshed(partial(_by_token, ask, unsigned, cell.web_identity.role_arn))
    chain = cell.assume_role_chain or ((AssumedRole(role_arn=cell.role_arn),) if cell.role_arn else ())
    for role in chain:
        signed = make(session.create_client, "sts")
        session = _refreshed(partial(_by_role, ask, signed, role))
    return session


def _by_role(ask: Ask, sts: Any, role: AssumedRole) -> dict[str, Any]:
    parameters = {"RoleArn": role.role_arn, "RoleSessionName": _NAME}
    external = {"ExternalId": role.external_id} if role.external_id else {}
    return _temporary(ask(sts, Call("sts", "AssumeRole", parameters | external)))


def _by_token(ask: Ask, sts: Any, role_arn: str) -> dict[str, Any]:
    parameters = {"RoleArn": role_arn, "RoleSessionName": _NAME, "WebIdentityToken": _token()}
    return _temporary(ask(sts, Call("sts", "AssumeRoleWithWebIdentity", parameters)))


def _token() -> Sensitive:
    """Read the token each time: the kubelet writes a new one before it expires. Raises Denied."""
    path = os.environ.get(TOKEN_FILE, "")
    mend = "annotate the operator's ServiceAccount with a role (eks.amazonaws.com/role-arn), or mount a projected token"
    try:
        return Sensitive(Path(path).read_text())
    except OSError as error:
        found = f"{path} cannot be read: {error.strerror}" if path else "it is not set"
        raise Denied(f"spec.aws.webIdentity needs the file that {TOKEN_FILE} names, but {found}; {mend}") from None


def _temporary(reply: Any) -> dict[str, Any]:
    got = reply["Credentials"]
    return {
        "access_key": got["AccessKeyId"],
        "secret_key": got["SecretAccessKey"],
        "token": got["SessionToken"],
        "expiry_time": got["Expiration"].isoformat(),
    }


class _Temporary(CredentialProvider):
    METHOD: str | None = "assume-role"
    CANONICAL_NAME: str | None = "custom-pilothouse-role"

    def __init__(self, fetch: Callable[[], dict[str, Any]]) -> None:
        super().__init__()
        self._fetch = fetch

    def load(self) -> DeferredRefreshableCredentials:
        return DeferredRefreshableCredentials(self._fetch, "assume-role")


def _refreshed(fetch: Callable[[], dict[str, Any]]) -> botocore.session.Session:
    session = _session()
    session.register_component("credential_provider", CredentialResolver([_Temporary(fetch)]))
    return session


def _session() -> botocore.session.Session:
    session = botocore.session.Session()
    session.register_component("data_loader", _LOADER)
    return session
