"""Label selectors as Kubernetes defines them (metav1.LabelSelector), for Cells and namespaces."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import ConfigDict, Field

from pilothouse.api.meta import Rules, Wire


class LabelSelectorRequirement(Wire):
    """One expression over a label's key and values."""

    rules: ClassVar[Rules] = (
        (
            "(self.operator in ['In', 'NotIn']) == (has(self.values) && self.values.size() > 0)",
            "values: give at least one with operator In or NotIn, and none with Exists or DoesNotExist",
        ),
    )

    key: str = Field(max_length=317, description="The label's key.")
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist"] = Field(description="How `values` relate to the label.")
    values: tuple[str, ...] = Field(
        (), max_length=100, description="For In and NotIn: the values; empty for Exists and DoesNotExist."
    )

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Tell whether `labels` satisfy this expression."""
        match self.operator:
            case "In":
                return labels.get(self.key) in self.values
            case "NotIn":
                return labels.get(self.key) not in self.values
            case "Exists":
                return self.key in labels
            case _:
                return self.key not in labels


class LabelSelector(Wire):
    """All of `matchLabels` and all of `matchExpressions`; an empty selector matches everything."""

    model_config = ConfigDict(json_schema_extra={"x-kubernetes-map-type": "atomic"})

    match_labels: dict[str, str] = Field(
        default_factory=dict, description="Labels that must have exactly these values."
    )
    match_expressions: tuple[LabelSelectorRequirement, ...] = Field(
        (), max_length=50, description="Expressions that must all hold."
    )

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Tell whether `labels` satisfy every requirement."""
        exact = all(labels.get(key) == value for key, value in self.match_labels.items())
        return exact and all(expression.matches(labels) for expression in self.match_expressions)
