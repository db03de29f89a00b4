"""A name that a person types leads to the object they mean, or to the names they may have meant."""

from collections.abc import Iterator
from typing import Any

import pytest

from pilothouse.cli import lookup
from pilothouse.cli.errors import NotFound, PluginError, Refused, Unreadable
from tests.unit.cli import samples


class Stored:
    """Objects as an API server holds them, by kind, namespace and name."""

    def __init__(self, *raws: dict[str, Any], listing: PluginError | None = None) -> None:
        self.raws, self.listing = raws, listing

    def get(self, plural: str, namespace: str, name: str) -> dict[str, Any]:
        for raw in self.list(plural, namespace, refuse=False):
            if raw["metadata"]["name"] == name:
                return raw
        raise NotFound(f"{plural} {namespace}/{name}: there is none")

    def list(self, plural: str, namespace: str, selector: str = "", *, refuse: bool = True) -> Iterator[dict[str, Any]]:
        if self.listing is not None and refuse:
            raise self.listing
        key, _, value = selector.partition("=")
        for raw in self.raws:
            if key and raw["metadata"].get("labels", {}).get(key) != value:
                continue
            if raw["kind"].lower() + "s" == plural and namespace in {"", raw["metadata"].get("namespace")}:
                yield raw


def named(name: str, namespace: str = "shop") -> dict[str, Any]:
    return samples.changed(samples.APPLICATION, metadata__name=name, metadata__namespace=namespace)


BOTH = Stored(samples.APPLICATION, samples.PLAN)


def test_an_applications_name_leads_to_its_active_plan() -> None:
    found = lookup.plan(BOTH, "shop", "checkout")
    assert found.plan == samples.plan()
    assert found.active
    assert found.raw == samples.PLAN


def test_a_plans_own_name_leads_to_it_and_to_its_application() -> None:
    found = lookup.plan(BOTH, "shop", samples.PLAN_NAME)
    assert (found.application, found.plan) == (samples.application(), samples.plan())


def test_a_plan_outlives_its_application_in_the_records() -> None:
    found = lookup.plan(Stored(samples.PLAN), "shop", samples.PLAN_NAME)
    assert (found.application, found.plan, found.active) == (None, samples.plan(), False)


def test_an_application_may_have_no_plan() -> None:
    idle = samples.changed(samples.APPLICATION, status__plan={})
    assert lookup.plan(Stored(idle), "shop", "checkout").plan is None


def test_an_active_plan_that_was_deleted_is_said_to_come_again() -> None:
    with pytest.raises(NotFound, match=r"its active Plan checkout-12-3f9a2c is gone: a new one is made"):
        lookup.plan(Stored(samples.APPLICATION), "shop", "checkout")


def past(name: str, revision: int, uid: str = samples.UID) -> dict[str, Any]:
    owner = {"name": "checkout", "uid": uid}
    return samples.changed(samples.PLAN, metadata__name=name, spec__revision=revision, spec__applicationRef=owner)


def test_the_plans_of_an_application_are_its_own_oldest_first() -> None:
    other = samples.changed(samples.PLAN, metadata__labels={"pilothouse.dev/application": "payment"})
    stored = Stored(past("c-10-a", 10), past("c-9-a", 9), past("c-1-a", 1, uid="of an earlier namesake"), other)
    assert lookup.plans(stored, samples.application()) == [past("c-9-a", 9), past("c-10-a", 10)]


def test_the_plans_of_an_application_are_found_although_its_name_fits_no_label() -> None:
    """What the label says then is for the operator to know."""
    shortened = samples.changed(samples.PLAN, metadata__labels={"pilothouse.dev/application": "xxx-0123456789"})
    assert lookup.plans(Stored(shortened), samples.application(metadata__name="x" * 64)) == [shortened]


@pytest.mark.parametrize(
    ("stored", "message"),
    [
        (BOTH, "there is none: did you mean checkout? look elsewhere with -n or -A"),
        (Stored(), "there is none: there are no Applications: look elsewhere with -n or -A"),
        (
            Stored(*(named(f"z{number}") for number in range(7))),
            "there is none: there are z0, z1, z2, z3, z4 and 2 more: look elsewhere with -n or -A",
        ),
        (
            Stored(samples.APPLICATION, listing=Refused("no")),
            "there is none: there are no Applications: look elsewhere with -n or -A",
        ),
    ],
    ids=["a name like it", "none", "many", "names are secret"],
)
def test_a_name_that_is_not_there_gets_names_that_are(stored: Stored, message: str) -> None:
    with pytest.raises(NotFound) as caught:
        lookup.plan(stored, "shop", "chekout")
    assert str(caught.value) == f"Application or Plan shop/chekout: {message}"
    with pytest.raises(NotFound) as caught:
        lookup.application(stored, "shop", "chekout")
    assert str(caught.value) == f"Application shop/chekout: {message}"


UNREADABLE = samples.changed(samples.APPLICATION, metadata__name="strange", spec__workloads=3)


def test_a_workload_leads_to_the_one_application_that_has_it_even_beside_one_that_can_not_be_read() -> None:
    application, raw = lookup.workload(Stored(UNREADABLE, samples.APPLICATION), "", "web", None)
    assert (application, raw) == (samples.application(), samples.APPLICATION)


def test_a_workload_of_several_applications_needs_one_named() -> None:
    stored = Stored(samples.APPLICATION, named("payment", "bank"))
    with pytest.raises(NotFound) as caught:
        lookup.workload(stored, "", "web", None)
    assert (
        str(caught.value)
        == "workload web: 2 Applications have one (shop/checkout, bank/payment): choose with -a and -n"
    )
    assert lookup.workload(stored, "bank", "web", "payment")[0].metadata.name == "payment"


@pytest.mark.parametrize(
    ("namespace", "owner", "message"),
    [
        (
            "shop",
            "checkout",
            "Application shop/checkout: no workload webb: did you mean web? name one of its workloads",
        ),
        (
            "shop",
            None,
            "workload webb: no Application in namespace shop has one: did you mean web? look elsewhere with -n or -A",
        ),
        (
            "",
            None,
            "workload webb: no Application in any namespace has one: did you mean web? look elsewhere with -n or -A",
        ),
    ],
    ids=["of one Application", "in a namespace", "anywhere"],
)
def test_a_workload_that_is_not_there_gets_names_that_are(namespace: str, owner: str | None, message: str) -> None:
    with pytest.raises(NotFound) as caught:
        lookup.workload(BOTH, namespace, "webb", owner)
    assert str(caught.value) == message


def test_an_object_that_can_not_be_read_names_the_field() -> None:
    with pytest.raises(
        Unreadable, match=r"^Application strange: spec\.workloads: found 3: .*update kubectl-pilothouse$"
    ):
        lookup.application(Stored(UNREADABLE), "shop", "strange")


def test_fields_and_states_of_a_newer_operator_do_not_stop_the_plugin() -> None:
    newer = samples.changed(
        samples.PLAN, spec__later={"a": 1}, status__state="Dreaming", metadata__finalizers=["x"], later="on"
    )
    assert lookup.plan(Stored(samples.APPLICATION, newer), "shop", "checkout").plan is not None


CELL: dict[str, Any] = {"kind": "Cell", "metadata": {"name": "aws-eu"}}
BROKEN_CELL = CELL | {"metadata": {"name": "aws-us"}, "status": {"observedAt": "yesterday"}}


def test_cells_that_can_be_read_are_found_and_none_where_nobody_may() -> None:
    assert [cell.metadata.name for cell in lookup.cells(Stored(CELL, BROKEN_CELL))] == ["aws-eu"]
    assert lookup.cells(Stored(CELL, listing=Refused("forbidden"))) == []
