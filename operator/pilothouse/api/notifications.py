"""Who outside is told of what happens to Applications."""

from typing import Literal

from pydantic import Field

from pilothouse.api.cell import SecretKeyRef
from pilothouse.api.meta import NAME_PATTERN, Wire
from pilothouse.api.selectors import LabelSelector

Happening = Literal["PlanWaiting", "PlanStalled", "PlanComplete", "DriftSeen"]


class Notification(Wire):
    """A receiver of CloudEvents 1.0 over HTTP (structured JSON), signed as Standard Webhooks says.

    Only who may write FleetPolicy decides where these go: the operator sends to whatever address stands here, follows
    no redirect, and reads nothing of an answer but its status.
    """

    name: str = Field(pattern=NAME_PATTERN, max_length=63, description="Name of the receiver, for people and metrics.")
    url: str = Field(pattern=r"^https?://[^\s/]+", max_length=2048, description="Where to POST them.")
    events: tuple[Happening, ...] = Field(
        (),
        max_length=4,
        description="What to tell: a Plan waits for approval, an Application is stuck, a Plan is carried out, "
        "something was changed behind our back; empty: all of it.",
        json_schema_extra={"x-kubernetes-list-type": "set"},
    )
    secret_ref: SecretKeyRef = Field(
        description="Secret with the signing secret (default key: secret), as whsec_ and 24 to 64 bytes in base64."
    )
    namespace_selector: LabelSelector = Field(
        default_factory=LabelSelector, description="Labels of the namespaces told of; empty selects every namespace."
    )
