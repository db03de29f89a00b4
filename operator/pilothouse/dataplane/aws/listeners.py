"""The listeners of a load balancer, each told by its port.

Source: the Elastic Load Balancing API Reference, Listener, Action, CreateListener, ModifyListener.
"""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Final, Literal, Self

from pydantic import Field, model_validator

from pilothouse.api.meta import Rules, Wire
from pilothouse.api.rules import check
from pilothouse.dataplane.aws import references, shapes
from pilothouse.dataplane.types import Call

_SECURE: Final = frozenset({"HTTPS", "TLS"})


class RedirectConfig(Wire):
    """Send the client elsewhere. What is left out stays as the client asked for it."""

    status_code: Literal["HTTP_301", "HTTP_302"] = Field(description="For ever (301) or for now (302).")
    protocol: str = Field("#{protocol}", pattern=r"^(HTTPS?|#\{protocol\})$", max_length=16, description="Protocol.")
    port: str = Field("#{port}", pattern=r"^(\d{1,5}|#\{port\})$", max_length=8, description="Port.")
    host: str = Field("#{host}", min_length=1, max_length=128, description="Host.")
    path: str = Field("/#{path}", pattern=r"^/", max_length=128, description="Path.")
    query: str = Field("#{query}", max_length=128, description="Query, without the question mark.")


class FixedResponseConfig(Wire):
    """Answer in place of any target."""

    status_code: str = Field(pattern=r"^[245]\d\d$", max_length=3, description="HTTP status, such as 404.")
    content_type: Literal["text/plain", "text/css", "text/html", "application/javascript", "application/json"] = Field(
        "text/plain", description="Type of the body."
    )
    message_body: str | None = Field(None, min_length=1, max_length=1_024, description="Body.")


class Action(Wire):
    """What becomes of a request."""

    rules: ClassVar[Rules] = (
        (
            "[has(self.targetGroup), has(self.redirectConfig), has(self.fixedResponseConfig)].exists_one(given, given)",
            "give exactly one of targetGroup, redirectConfig and fixedResponseConfig",
        ),
    )

    target_group: references.TargetGroup | None = Field(None, description="Forward it to this target group.")
    redirect_config: RedirectConfig | None = Field(None, description="Redirect it. For application load balancers.")
    fixed_response_config: FixedResponseConfig | None = Field(
        None, description="Answer it. For application load balancers."
    )

    @model_validator(mode="after")
    def _keep_rules(self) -> Self:
        given = (self.target_group, self.redirect_config, self.fixed_response_config)
        check(self.rules, sum(each is not None for each in given) == 1)
        return self

    def parameters(self) -> dict[str, Any]:
        """Return it as the API takes it."""
        if self.redirect_config:
            return {"Type": "redirect", "RedirectConfig": shapes.written(self.redirect_config)}
        if self.fixed_response_config:
            return {"Type": "fixed-response", "FixedResponseConfig": shapes.written(self.fixed_response_config)}
        return {"Type": "forward", "TargetGroupArn": self.target_group and self.target_group.value}


class Listener(Wire):
    """What a load balancer does with what arrives at one port."""

    rules: ClassVar[Rules] = (
        (
            "has(self.certificateARN) == (self.protocol in ['HTTPS', 'TLS'])",
            "certificateARN: give it with HTTPS and TLS, leave it out otherwise",
        ),
        (
            "!has(self.sslPolicy) || self.protocol in ['HTTPS', 'TLS']",
            "sslPolicy: leave it out, or choose the protocol HTTPS or TLS",
        ),
    )

    port: int = Field(ge=1, le=65_535, description="Port to listen at.")
    protocol: Literal["HTTP", "HTTPS", "TCP", "TLS", "UDP", "TCP_UDP"] = Field(
        description="HTTP and HTTPS for application load balancers, the others for network load balancers."
    )
    certificate_arn: str | None = Field(
        None, pattern=r"^arn:aws[a-z-]*:(acm|iam):", max_length=256, description="Certificate. With HTTPS and TLS."
    )
    ssl_policy: str | None = Field(
        None, pattern=r"^[A-Za-z0-9-]+$", max_length=128, description="Ciphers that are taken. With HTTPS and TLS."
    )
    default_action: Action = Field(description="What becomes of what arrives.")

    @model_validator(mode="after")
    def _keep_rules(self) -> Self:
        secure = self.protocol in _SECURE
        check(self.rules, (self.certificate_arn is not None) == secure, self.ssl_policy is None or secure)
        return self

    def parameters(self) -> dict[str, Any]:
        """Return it as the API takes it."""
        found: dict[str, Any] = {"Port": self.port, "Protocol": self.protocol}
        if self.certificate_arn:
            found["Certificates"] = [{"CertificateArn": self.certificate_arn}]
        if self.ssl_policy:
            found["SslPolicy"] = self.ssl_policy
        return {**found, "DefaultActions": [self.default_action.parameters()]}


def read(found: Mapping[str, Any]) -> Listener:
    """Read a listener as DescribeListeners shows it."""
    secure, certificates = found["Protocol"] in _SECURE, found.get("Certificates", ())
    return Listener.model_construct(
        port=found["Port"],
        protocol=found["Protocol"],
        certificate_arn=certificates[0]["CertificateArn"] if secure and certificates else None,
        ssl_policy=found.get("SslPolicy") if secure else None,
        default_action=_action(found["DefaultActions"][-1]),
    )


def _action(found: Mapping[str, Any]) -> Action:
    group, redirect = found.get("TargetGroupArn"), found.get("RedirectConfig")
    response = found.get("FixedResponseConfig")
    return Action.model_construct(
        target_group=references.TargetGroup(id=group) if group else None,
        redirect_config=RedirectConfig.model_construct(**_filled(RedirectConfig, redirect)) if redirect else None,
        fixed_response_config=FixedResponseConfig.model_construct(**_filled(FixedResponseConfig, response))
        if response
        else None,
    )


def _filled(model: type[Wire], found: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that are set: what the API leaves out is as our defaults are."""
    values = {field: found.get(shapes.member(field)) for field in model.model_fields}
    return {field: value for field, value in values.items() if value not in (None, "")}


def settled(want: Iterable[Listener], have: Iterable[Listener]) -> tuple[Listener, ...]:
    """Return listeners as they are read: in order of their ports, the policy that they have where none is given."""
    policies = {each.port: each.ssl_policy for each in have}
    return tuple(
        each.model_copy(update={"ssl_policy": policies.get(each.port)})
        if each.protocol in _SECURE and each.ssl_policy is None
        else each
        for each in sorted(want, key=lambda each: each.port)
    )


def exchange(
    balancer: str, have: Iterable[Listener], arns: Mapping[int, str], want: Iterable[Listener]
) -> tuple[Call, ...]:
    """Return the calls by which the listeners in `have` become those in `want`. arns: of those in `have`, by port."""
    there, wanted = {each.port: each for each in have}, {each.port: each for each in want}
    gone = [
        Call("elbv2", "DeleteListener", {"ListenerArn": arns[port]}) for port in sorted(there.keys() - wanted.keys())
    ]
    changed = [
        Call("elbv2", "ModifyListener", {"ListenerArn": arns[port], **each.parameters()})
        for port, each in wanted.items()
        if port in there and there[port] != each
    ]
    new = [
        Call("elbv2", "CreateListener", {"LoadBalancerArn": balancer, **each.parameters()})
        for port, each in wanted.items()
        if port not in there
    ]
    return (*gone, *changed, *new)
