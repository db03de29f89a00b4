"""What is destroyed is what was meant: one thing, that exists and would be made anew."""

from copy import deepcopy
from typing import Any

import pytest

from pilothouse.cli.choosing import label, replaceable
from pilothouse.cli.errors import NotFound, Refused
from pilothouse.cli.objects import ApplicationObject
from tests.unit.cli import samples

WEB_A = "Deployment checkout-web-eu-1-a in eu-1-a"
MEANT = {
    "cache-node": "awsInstance cache-node in aws-eu-west-1",
    "orders": "awsQueue orders in aws-eu-west-1",
    "ConfigMap/orders": "ConfigMap orders in eu-1-a",
    "eu-1-a/ConfigMap/orders": "ConfigMap orders in eu-1-a",
    "worker": "Deployment checkout-worker-eu-1-a in eu-1-a",
    "checkout-web-eu-1-a": WEB_A,
    "Deployment/checkout-web-eu-1-a": WEB_A,
    "Service/web": "Service web in eu-1-a",
}


@pytest.mark.parametrize(("asked", "expected"), MEANT.items(), ids=MEANT)
def test_people_call_things_by_the_names_that_status_shows(asked: str, expected: str) -> None:
    assert label(replaceable(samples.application(), asked)) == expected


def test_a_name_that_fits_several_things_is_not_guessed() -> None:
    """The Service of a workload bears its name as well: the workload is meant, wherever it runs."""
    with pytest.raises(Refused) as caught:
        replaceable(samples.application(), "web")
    assert str(caught.value) == (
        "Application shop/checkout: web can mean 2 things (eu-1-a/Deployment/checkout-web-eu-1-a, "
        "eu-1-b/Deployment/checkout-web-eu-1-b): name one of these in full"
    )


def test_very_many_things_are_named_only_as_far_as_a_line_goes() -> None:
    many = [{"name": "settings", "type": "ConfigMap", "cell": f"c{number}", "id": "x"} for number in range(7)]
    with pytest.raises(Refused, match=r"7 things \(c0/ConfigMap/settings, .*, c4/ConfigMap/settings and 2 more\)"):
        replaceable(samples.application(status__resources=many), "settings")


UNKNOWN = {
    "chache-node": "it has no chache-node: did you mean cache-node? name one that its status shows",
    "awsQueue/order": "it has no awsQueue/order: did you mean aws-eu-west-1/awsQueue/orders? name one",
    "eu-1-a/ConfigMap/order": "did you mean eu-1-a/ConfigMap/orders? name one that its status shows",
    "x\x1b[2J": "it has no x\\x1b[2J: ",
}


@pytest.mark.parametrize(("asked", "message"), UNKNOWN.items(), ids=range(4))
def test_a_name_that_is_not_there_gets_names_that_are(asked: str, message: str) -> None:
    with pytest.raises(NotFound) as caught:
        replaceable(samples.application(), asked)
    assert message in str(caught.value)


def with_cache(**fields: Any) -> ApplicationObject:
    """The Application, what it remembers of its cache-node changed."""
    entries = deepcopy(samples.APPLICATION["status"]["resources"])
    entries[-1] |= fields
    return samples.application(status__resources=entries)


LESS = samples.APPLICATION["spec"]["resources"][:2]
REFUSED = {
    "not made yet": (
        samples.application(status={}),
        "cache-node: it is not made yet, so there is nothing to replace",
        "there is nothing to destroy",
    ),
    "gone": (with_cache(id=""), "it does not exist now, and is made anew anyway", "nothing is left to destroy"),
    "no longer wanted": (
        samples.application(spec__resources=LESS),
        "it has left the spec, so it would not be made anew",
        "it is deleted or released instead",
    ),
    "to be retained": (
        with_cache(deletionPolicy="Retain"),
        "set deletionPolicy to Delete if that may go, and ask again",
        "what says Retain is destroyed only by who changes that, where it can be reviewed",
    ),
    "only read": (
        with_cache(observedOnly=True),
        "it is only read (managementPolicy Observe), so it is not ours to replace",
        "it belongs to somebody else",
    ),
    "going with everything": (
        samples.application(metadata__deletionTimestamp="2026-10-31T12:34:22Z"),
        "it is being deleted: nothing of it is made anew",
        "it goes for good",
    ),
}


@pytest.mark.parametrize(("application", "message", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_replaced_is_refused_with_the_mend(
    application: ApplicationObject, message: str, reason: str
) -> None:
    with pytest.raises(Refused) as caught:
        replaceable(application, "cache-node")
    assert str(caught.value).endswith(message), reason
