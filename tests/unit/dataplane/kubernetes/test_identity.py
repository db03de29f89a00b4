"""Names of objects survive being written into a ledger and read again."""

import pytest

from pilothouse.dataplane.kubernetes.types.identity import ObjectID, Selection

TEXTS = {
    "apps/v1/Deployment/shop/checkout-web-a": ObjectID("apps/v1", "Deployment", "shop", "checkout-web-a"),
    "v1/ConfigMap/shop/orders": ObjectID("v1", "ConfigMap", "shop", "orders"),
    "v1/Namespace//shop": ObjectID("v1", "Namespace", "", "shop"),
}


@pytest.mark.parametrize(("text", "identifier"), TEXTS.items())
def test_an_identifier_is_read_as_it_was_written(text: str, identifier: ObjectID) -> None:
    assert ObjectID.parse(text) == identifier
    assert str(identifier) == text


@pytest.mark.parametrize("text", ["", "web", "shop/web", "v1/Pod/shop", "v1/Pod/shop/", "//shop/web", "/Pod/shop/web"])
def test_anything_else_is_refused_with_what_was_expected(text: str) -> None:
    with pytest.raises(ValueError, match="expected apiVersion/Kind/namespace/name"):
        ObjectID.parse(text)


def test_an_object_names_itself() -> None:
    live = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}
    assert ObjectID.of(live) == ObjectID("v1", "Namespace", "", "shop")


def test_calls_name_an_object_by_its_parts() -> None:
    parameters = ObjectID("v1", "Secret", "shop", "orders").parameters
    assert parameters == {"apiVersion": "v1", "kind": "Secret", "namespace": "shop", "name": "orders"}


def test_people_are_told_names_as_kubectl_tells_them() -> None:
    assert ObjectID("apps/v1", "Deployment", "shop", "web").title == "Deployment shop/web"
    assert ObjectID("v1", "Namespace", "", "shop").title == "Namespace shop"
    assert str(Selection("v1", "Pod")) == "v1 Pod"
    assert str(Selection("v1", "Pod", "shop", "a=b", "spec.nodeName!=")) == "v1 Pod in shop (a=b, spec.nodeName!=)"
