"""Service: what stands in front of a workload's pods, in every cluster and namespace that it runs in."""

from typing import ClassVar, Literal

from pydantic import Field

from pilothouse.api.exposure import Expose
from pilothouse.api.meta import NAME_PATTERN, Rules, Wire


class ServicePort(Wire):
    """One port of a workload's Service, as in core/v1 ServicePort."""

    name: str = Field(
        "",
        max_length=15,
        pattern=f"{NAME_PATTERN}|^$",
        description="Name of the port; needed when there is more than one.",
    )
    port: int = Field(ge=1, le=65_535, description="Port the Service listens on.")
    target_port: int | str | None = Field(
        None, description="Port of the pods, by number or name; the Service's port when absent."
    )
    protocol: Literal["TCP", "UDP", "SCTP"] = Field("TCP", description="Transport protocol.")
    app_protocol: str | None = Field(None, max_length=317, description="Protocol spoken over the port, as in core/v1.")


class Service(Wire):
    """The one Service that a workload has in every cluster and namespace it runs in."""

    rules: ClassVar[Rules] = (
        (
            "self.ports.size() == 1 || self.ports.all(p, has(p.name) && p.name != '')",
            "ports: give each a name when there is more than one",
        ),
        (
            (
                "self.ports.all(p, !has(p.name) || p.name == ''"
                " || self.ports.exists_one(q, has(q.name) && q.name == p.name))"
            ),
            "ports: give each a name of its own",
        ),
        (
            (
                "self.ports.all(p, self.ports.exists_one(q, q.port == p.port"
                " && (has(q.protocol) ? q.protocol : 'TCP') == (has(p.protocol) ? p.protocol : 'TCP')))"
            ),
            "ports: remove the one that repeats another's port and protocol",
        ),
        (
            "!has(self.expose) || has(self.expose.port) || self.ports.size() == 1",
            "expose.port: name one of the ports: there are several",
        ),
        (
            (
                "!has(self.expose) || !has(self.expose.port) || self.ports.exists(p, type(self.expose.port) == int"
                " ? p.port == self.expose.port : has(p.name) && p.name == self.expose.port)"
            ),
            "expose.port: give the number or name of one of the ports",
        ),
    )

    name: str = Field(pattern=NAME_PATTERN, max_length=63, description="Name of the Service.")
    cluster_ip: Literal["None"] | None = Field(
        None, description="None makes the Service headless: its name leads to the pods themselves."
    )
    ports: tuple[ServicePort, ...] = Field(
        min_length=1, max_length=100, description="Ports, unique by port and protocol."
    )
    expose: Expose | None = Field(None, description="How it is reached from outside of the cluster; not when absent.")
