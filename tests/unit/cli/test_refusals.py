"""An answer of no is a line that says what, why, and what would make it a yes."""

import json

import pytest

from pilothouse.cli.errors import Conflict, NotFound, PluginError, Refused
from pilothouse.cli.refusals import Request, error

GET = Request("get", "applications", "shop", "checkout")
LIST = Request("list", "applications", "")
PATCH = Request("patch", "plans", "shop", "checkout-12-3f9a2c")


def answer(message: str) -> bytes:
    return json.dumps({"kind": "Status", "message": message}).encode()


CASES: dict[str, tuple[Request, int, bytes, type[PluginError], str]] = {
    "nobody": (
        GET,
        401,
        answer("Unauthorized"),
        Refused,
        (
            "cluster https://h: it does not know who you are (Unauthorized): "
            "log in again, or choose another user with --context or --user"
        ),
    ),
    "no right to read": (
        LIST,
        403,
        answer("no"),
        Refused,
        (
            "Applications in all namespaces: you may not list applications.pilothouse.dev: no: "
            "reading needs the verb list, which the ClusterRole pilothouse-viewer gives"
        ),
    ),
    "no right to approve": (
        PATCH,
        403,
        answer("no"),
        Refused,
        (
            "Plan shop/checkout-12-3f9a2c: you may not approve it: no: approving needs the verbs patch and approve on "
            "plans.pilothouse.dev, which the ClusterRole pilothouse-approver gives"
        ),
    ),
    "a policy refuses the approval": (
        PATCH,
        422,
        answer("denied"),
        Refused,
        (
            "Plan shop/checkout-12-3f9a2c: you may not approve it: denied: "
            "approving needs the verbs patch and approve on plans.pilothouse.dev, "
            "which the ClusterRole pilothouse-approver gives"
        ),
    ),
    "no right to ask": (
        Request("patch", "applications", "shop", "checkout"),
        403,
        answer("no"),
        Refused,
        (
            "Application shop/checkout: you may not ask that of it: no: asking needs the verb patch on "
            "applications.pilothouse.dev, which the ClusterRole pilothouse-editor gives"
        ),
    ),
    "no such object": (GET, 404, answer("not found"), NotFound, "Application shop/checkout: there is none"),
    "the kinds are not installed": (
        GET,
        404,
        b"404 page not found\n",
        Refused,
        (
            "cluster https://h: the kinds of pilothouse.dev are not installed there: "
            "install the chart, or choose another cluster with --context"
        ),
    ),
    "changed meanwhile": (
        PATCH,
        409,
        answer("conflict"),
        Conflict,
        "Plan shop/checkout-12-3f9a2c: it has changed meanwhile: look at it again",
    ),
    "anything else": (
        Request("list", "plans", "shop"),
        500,
        b"[]",
        Refused,
        "Plans in namespace shop: the API server answered 500 to list: []",
    ),
}


@pytest.mark.parametrize(("request_", "status", "content", "kind", "message"), CASES.values(), ids=CASES)
def test_a_refusal_names_what_and_how_to_mend_it(
    request_: Request, status: int, content: bytes, kind: type[PluginError], message: str
) -> None:
    refusal = error(request_, status, content, server="https://h")
    assert (type(refusal), str(refusal)) == (kind, message)
