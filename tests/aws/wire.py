"""Between AWS's wire protocols and plain values, with botocore's own service models and moto's parsers and serializers.

A departure then reads parameters and returns a result as boto3 would show it, whatever the protocol of its service.
"""

from __future__ import annotations

import io
import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from botocore.parsers import create_parser
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import Request, determine_request_protocol
from moto.core.routing import get_service_router
from moto.core.serialize import XFormedAttributePicker, get_serializer_class
from moto.core.utils import get_service_model
from moto.ec2.responses._base_response import EC2BaseResponse
from moto.iam.models import get_account_id_from
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment
    from moto.core.model import OperationModel

READ_PREFIXES = ("Describe", "Get", "List", "Lookup", "Search", "Head", "AssumeRole")
SERVICES = {"elasticloadbalancing": "elbv2", "tagging": "resourcegroupstaggingapi"}
"""Services by the name that they are signed for, where that is not their own."""
ACCOUNT_IN_KEY = re.compile(r"^AKIA(\d{12})[A-Z0-9]{4}$")


class AwsError(Exception):
    """A refusal as AWS would word it: its code, its sentence and its HTTP status."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.status = code, message, status


class NotEmulatedError(Exception):
    """Neither moto nor this layer does what was asked. It must never look like an ordinary AWS error."""


@dataclass(frozen=True)
class Reply:
    """One HTTP reply, whole."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def ok(self) -> bool:
        """Whether the call succeeded."""
        return self.status < 400


@dataclass(frozen=True)
class Call:
    """One signed request: what is asked, with which parameters, by which account, where."""

    service: str
    operation: str
    parameters: dict[str, Any]
    account: str
    region: str
    access_key: str
    model: OperationModel = field(repr=False)
    protocol: str = field(repr=False)
    environ: WSGIEnvironment = field(repr=False)
    arrived: float = field(repr=False)
    """Seconds since the epoch."""

    @property
    def name(self) -> str:
        """`service:operation`, the form that faults match and counts are kept by."""
        return f"{self.service}:{self.operation}"

    @property
    def mutates(self) -> bool:
        """Whether the operation can change something."""
        return not self.operation.startswith(READ_PREFIXES)

    @property
    def agent(self) -> str:
        """What the client calls itself."""
        return str(self.environ.get("HTTP_USER_AGENT", ""))

    @property
    def url(self) -> str:
        """Where the client believes the service is, without a trailing slash."""
        return f"http://{self.environ['HTTP_HOST']}"


@cache
def operation_model(service: str, operation: str) -> OperationModel:
    """botocore's model of one operation; built once, since building it costs more than a request."""
    model: OperationModel = get_service_model(service).operation_model(operation)
    return model


def read_call(environ: WSGIEnvironment) -> Call | None:
    """The AWS call in a request, or None when it is not a signed AWS request that moto could take."""
    arrived, scope = time.time(), _credential_scope(environ)
    if scope is None:
        return None
    access_key, region, service = scope
    request = Request(environ)
    operation, uri_parameters = _operation(service, request)
    model = operation_model(service, operation)
    protocol = determine_request_protocol(get_service_model(service), request.content_type)
    parser = PROTOCOL_PARSERS[protocol](model, map_type=dict)
    parameters = parser.parse(
        {
            "method": request.method,
            "values": request.values,
            "headers": request.headers,
            "body": request.get_data(),
            "url_path": request.path,
            "url_params": dict(uri_parameters),
        }
    )
    account = account_of(access_key)
    return Call(service, operation, parameters or {}, account, region, access_key, model, protocol, environ, arrived)


def _credential_scope(environ: WSGIEnvironment) -> tuple[str, str, str] | None:
    """Access key id, region and service from a version 4 signature."""
    match = re.search(r"Credential=([^/,]+)/\d+/([^/,]+)/([^/,]+)/", environ.get("HTTP_AUTHORIZATION", ""))
    return (match[1], match[2], SERVICES.get(match[3].lower(), match[3].lower())) if match else None


def _operation(service: str, request: Request) -> tuple[str, Mapping[str, Any]]:
    target = request.headers.get("X-Amz-Target")
    if target:
        return target.rpartition(".")[2], {}
    action = request.values.get("Action")
    if action:
        return action, {}
    operation, uri_parameters = get_service_router(service).match(request)
    return str(operation.name), uri_parameters


def account_of(access_key: str) -> str:
    """The account an access key belongs to: spelled in ours, remembered by moto for keys from AssumeRole."""
    spelled = ACCOUNT_IN_KEY.match(access_key)
    return spelled[1] if spelled else get_account_id_from(access_key)


def serialize(call: Call, result: object) -> Reply:
    """`result` (a mapping or moto's own objects) as the service would write it."""
    picker = XFormedAttributePicker(
        response_transformers=EC2BaseResponse.RESPONSE_KEY_PATH_TO_TRANSFORMER if call.service == "ec2" else None
    )
    serializer = get_serializer_class(call.service, call.protocol)(operation_model=call.model, value_picker=picker)
    written = serializer.serialize(result)
    body = written["body"]
    return Reply(
        int(written["status_code"]),
        [(name, str(value)) for name, value in written["headers"].items()],
        body.encode() if isinstance(body, str) else body,
    )


def refuse(call: Call, error: AwsError) -> Reply:
    """The error reply of the service's protocol."""
    reply = serialize(call, error)
    return Reply(error.status, reply.headers, reply.body)


def parsed(call: Call, reply: Reply) -> dict[str, Any]:
    """A successful reply as boto3 would show it."""
    parser = create_parser(call.protocol)
    response = {"status_code": reply.status, "headers": dict(reply.headers), "body": reply.body}
    shape: Any = call.model.output_shape
    result: dict[str, Any] = parser.parse(response, shape)
    return result


def moto_application() -> WSGIApplication:
    """moto's own server application, untouched."""
    application: WSGIApplication = DomainDispatcherApplication(create_backend_app)
    return application


def run_wsgi(app: WSGIApplication, environ: WSGIEnvironment) -> Reply:
    """Call a WSGI application and hold its whole reply."""
    started: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(status: str, headers: list[tuple[str, str]], _exc_info: object = None) -> Any:
        started.append((status, headers))
        return io.BytesIO().write

    chunks: Iterable[bytes] = app(environ, start_response)
    body = b"".join(chunks)
    status, headers = started[-1]
    return Reply(int(status.split()[0]), headers, body)
