"""What a workload and its Service must be."""

from typing import Any

from tests.crds.case import Rule
from tests.crds.manifests import (
    Manifest,
    application,
    of_container,
    of_ports,
    of_workload,
)

HTTP = {"port": 80}


def selecting(**expression: Any) -> Manifest:
    return of_workload(placement={"cellSelector": {"matchExpressions": [{"key": "tier", **expression}]}})


WORKLOADS: dict[str, Rule] = {
    "a workload has a template": Rule(
        application(workloads=[{"name": "web"}]),
        ("spec.workloads[0].template: Required value",),
        of_workload(),
        "there is nothing to run without one",
    ),
    "a template has a spec": Rule(
        of_workload(template={"metadata": {"labels": {"a": "b"}}}),
        ("spec.workloads[0].template.spec: Required value",),
        of_workload(
            template={
                "metadata": {"labels": {"a": "b"}},
                "spec": {"containers": [{"name": "main"}]},
            }
        ),
        "core/v1 would accept it and then find no containers",
    ),
    "a container has a name": Rule(
        of_workload(template={"spec": {"containers": [{"image": "web:1"}]}}),
        ("template.spec.containers[0].name: Required value",),
        of_container(name="main"),
        "as in core/v1",
    ),
    "containers have names of their own": Rule(
        of_workload(template={"spec": {"containers": [{"name": "a"}, {"name": "a"}]}}),
        ("template.spec.containers[1]: Duplicate value",),
        of_workload(template={"spec": {"containers": [{"name": "a"}, {"name": "b"}]}}),
        "as in core/v1",
    ),
    "an enumeration of core/v1": Rule(
        of_container(imagePullPolicy="Allways"),
        ("containers[0].imagePullPolicy: Unsupported value", '"IfNotPresent"'),
        of_container(imagePullPolicy="Always"),
        "a typo is refused where it is made, not in every Cell",
    ),
    "quantities are quantities": Rule(
        of_container(resources={"requests": {"memory": "1Gig"}}),
        ("resources.requests.memory: Invalid value", "should match"),
        of_container(resources={"requests": {"memory": "1.5Gi", "cpu": 2, "nvidia.com/gpu": "1"}}),
        "placement counts them",
    ),
    "container ports without a protocol": Rule(
        of_container(ports=[{"protocol": "TCP"}]),
        ("ports[0].containerPort: Required value",),
        of_container(ports=[{"containerPort": 53}, {"containerPort": 53, "protocol": "UDP"}]),
        "the protocol may be left out, though it is part of the key in core/v1",
    ),
    "probes by number or name": Rule(
        of_container(readinessProbe={"httpGet": {"port": True}}),
        ("readinessProbe.httpGet.port", "must be of type integer,string"),
        of_container(
            readinessProbe={"httpGet": {"port": 8080}},
            livenessProbe={"httpGet": {"port": "http"}},
        ),
        "as in core/v1",
    ),
    "replicas are bounded": Rule(
        of_workload(replicas=-1),
        ("spec.workloads[0].replicas: Invalid value: -1", "greater than or equal to 0"),
        of_workload(replicas=0),
        "none is a number, less is not",
    ),
    "a workload does not wait for itself": Rule(
        of_workload(dependsOn=["web"]),
        ("spec.workloads[0]", "dependsOn: remove its own name: nothing can wait for itself"),
        of_workload(dependsOn=["orders"]),
        "the shortest cycle is seen at once; longer ones when the whole is planned",
    ),
    "dependencies are named once": Rule(
        of_workload(dependsOn=["orders", "orders"]),
        ("spec.workloads[0].dependsOn[1]: Duplicate value",),
        of_workload(dependsOn=["orders", "cache"]),
        "twice says nothing more",
    ),
    "dependencies are names": Rule(
        of_workload(dependsOn=["Orders!"]),
        ("spec.workloads[0].dependsOn[0]: Invalid value", "should match"),
        of_workload(dependsOn=["orders"]),
        "no resource could have that name",
    ),
    "an expression with values": Rule(
        selecting(operator="In"),
        ("matchExpressions[0]", "values: give at least one with operator In or NotIn, and none with"),
        selecting(operator="In", values=["prod"]),
        "an empty In selects nothing, silently",
    ),
    "an expression without values": Rule(
        selecting(operator="Exists", values=["prod"]),
        ("matchExpressions[0]", "values: give at least one with operator In or NotIn, and none with"),
        selecting(operator="Exists"),
        "the values would be ignored, silently",
    ),
    "what to spread over": Rule(
        of_workload(placement={"spread": {"topologyKey": "zone"}}),
        ("placement.spread.topologyKey: Unsupported value", '"failureDomain"'),
        of_workload(placement={"spread": {"topologyKey": "failureDomain", "minDomains": 2}}),
        "another key would be ignored, silently",
    ),
    "a hard spread has a skew": Rule(
        of_workload(placement={"spread": {"whenUnsatisfiable": "DoNotSchedule"}}),
        ("placement.spread", "maxSkew: give it with whenUnsatisfiable DoNotSchedule"),
        of_workload(placement={"spread": {"whenUnsatisfiable": "DoNotSchedule", "maxSkew": 1}}),
        "without one it would keep nothing out, silently",
    ),
    "near to others": Rule(
        of_workload(placement={"affinity": {"workloads": [{"workload": "web"}]}}),
        ("placement.affinity: remove its own name; spread says how replicas lie apart",),
        of_workload(placement={"affinity": {"workloads": [{"workload": "web", "application": "other"}]}}),
        "a workload is where it is",
    ),
    "apart from others": Rule(
        of_workload(placement={"antiAffinity": {"workloads": [{"workload": "web"}]}}),
        ("placement.antiAffinity: remove its own name; spread says how replicas lie apart",),
        of_workload(placement={"antiAffinity": {"workloads": [{"workload": "db"}]}}),
        "its replicas could be in one Cell only, or in none",
    ),
    "residency says where": Rule(
        of_workload(placement={"residency": {}}),
        ("placement.residency", "give regions, jurisdictions or both"),
        of_workload(placement={"residency": {"jurisdictions": ["EU"]}}),
        "data that may be anywhere has no residency",
    ),
    "residency allows something": Rule(
        of_workload(placement={"residency": {"regions": []}}),
        ("placement.residency.regions: Invalid value", "at least 1 items"),
        of_workload(placement={"residency": {"regions": ["eu-west-1"]}}),
        "data that may be nowhere cannot be",
    ),
    "a skew is more than nothing": Rule(
        of_workload(placement={"spread": {"maxSkew": 0}}),
        ("placement.spread.maxSkew: Invalid value: 0", "greater than or equal to 1"),
        of_workload(placement={"spread": {"maxSkew": 1}}),
        "three replicas cannot be in two domains alike",
    ),
}

SERVICES: dict[str, Rule] = {
    "a Service has a port": Rule(
        of_ports(), ("service.ports: Invalid value", "at least 1 items"), of_ports(HTTP), "as in core/v1"
    ),
    "several ports have names": Rule(
        of_ports(HTTP | {"name": "http"}, {"port": 443}),
        ("spec.workloads[0].service", "ports: give each a name when there is more than one"),
        of_ports(HTTP | {"name": "http"}, {"port": 443, "name": "https"}),
        "as in core/v1",
    ),
    "names of ports are their own": Rule(
        of_ports(HTTP | {"name": "http"}, {"port": 443, "name": "http"}),
        ("spec.workloads[0].service", "ports: give each a name of its own"),
        of_ports(HTTP | {"name": "http"}),
        "as in core/v1",
    ),
    "names of ports are names": Rule(
        of_ports(HTTP | {"name": "HTTP"}),
        ("service.ports[0].name: Invalid value", "should match"),
        of_ports(HTTP | {"name": ""}),
        "as in core/v1, where one port may have an empty name",
    ),
    "ports are not repeated": Rule(
        of_ports({"port": 53, "name": "a"}, {"port": 53, "name": "b", "protocol": "TCP"}),
        ("spec.workloads[0].service", "ports: remove the one that repeats another's port and protocol"),
        of_ports({"port": 53, "name": "a"}, {"port": 53, "name": "b", "protocol": "UDP"}),
        "TCP is meant where nothing is said",
    ),
    "a target port is a number or a name": Rule(
        of_ports(HTTP | {"targetPort": True}),
        ("service.ports[0].targetPort", "must be of type integer,string"),
        of_ports(HTTP | {"targetPort": "http"}),
        "as in core/v1",
    ),
}


def exposed(*ports: Manifest, **expose: Any) -> Manifest:
    """An Application whose one Service has these ports, or one, and is exposed by an Ingress, or as it is said."""
    way: Manifest = {} if "httpRoute" in expose else {"ingress": {}}
    return of_workload(service={"name": "web", "ports": list(ports) or [HTTP], "expose": {**way, **expose}})


ROUTE = {"parentRefs": [{"name": "public"}]}
TWO_PORTS = (HTTP | {"name": "http"}, {"port": 443, "name": "https"})
EXPOSED: dict[str, Rule] = {
    "one way in": Rule(
        exposed(ingress={}, httpRoute=ROUTE),
        ("service.expose", "give exactly one of ingress and httpRoute"),
        exposed(httpRoute=ROUTE),
        "both would be called the same and lead to the same",
    ),
    "a way in": Rule(
        of_workload(service={"name": "web", "ports": [HTTP], "expose": {}}),
        ("service.expose", "give exactly one of ingress and httpRoute"),
        exposed(ingress={}),
        "a cluster may have controllers for either",
    ),
    "a route has a Gateway": Rule(
        exposed(httpRoute={"parentRefs": []}),
        ("expose.httpRoute.parentRefs: Invalid value", "at least 1 items"),
        exposed(httpRoute=ROUTE),
        "nobody would take it up",
    ),
    "paths of a route": Rule(
        exposed(httpRoute=ROUTE, pathType="ImplementationSpecific"),
        ("pathType: give Prefix or Exact: an HTTPRoute knows no other",),
        exposed(ingress={}, pathType="ImplementationSpecific"),
        "the Gateway API has regular expressions in its place",
    ),
    "a path begins at the root": Rule(
        exposed(path="shop"),
        ("expose.path: Invalid value", "should match"),
        exposed(path="/shop"),
        "as in networking/v1",
    ),
    "a host is a DNS name": Rule(
        exposed(host="https://shop.example"),
        ("expose.host: Invalid value", "should match"),
        exposed(host="*.shop.example"),
        "as in networking/v1",
    ),
    "a port is chosen": Rule(
        exposed(*TWO_PORTS),
        ("expose.port: name one of the ports: there are several",),
        exposed(*TWO_PORTS, port="https"),
        "the first of several would be a guess",
    ),
    "a port there is, by name": Rule(
        exposed(*TWO_PORTS, port="admin"),
        ("expose.port: give the number or name of one of the ports",),
        exposed(*TWO_PORTS, port=443),
        "requests would lead nowhere",
    ),
    "a port there is, by number": Rule(
        exposed(port=8080),
        ("expose.port: give the number or name of one of the ports",),
        exposed(port=80),
        "it is the Service's port, not that of the pods",
    ),
}


ACCOUNTS: dict[str, Rule] = {
    "one role": Rule(
        of_workload(serviceAccount={"awsRole": {"ref": "reader", "arn": "arn:aws:iam::123456789012:role/reader"}}),
        ("serviceAccount.awsRole", "give exactly one of ref and arn"),
        of_workload(serviceAccount={"awsRole": {"ref": "reader"}}),
        "pods have one role",
    ),
    "a role by its ARN": Rule(
        of_workload(serviceAccount={"awsRole": {"arn": "reader"}}),
        ("serviceAccount.awsRole.arn: Invalid value", "should match"),
        of_workload(serviceAccount={"awsRole": {"arn": "arn:aws-cn:iam::123456789012:role/a/reader"}}),
        "the name alone says nothing of the account",
    ),
    "one ServiceAccount": Rule(
        of_workload(
            serviceAccount={},
            template={"spec": {"serviceAccountName": "default", "containers": [{"name": "main", "image": "web:1"}]}},
        ),
        ("serviceAccount: remove template.spec.serviceAccountName, or this: the pods have one ServiceAccount",),
        of_workload(serviceAccount={"name": "web"}),
        "one of both would be ignored, silently",
    ),
}
