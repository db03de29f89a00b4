"""What happens to changes that others make: for an Application, for one thing of it, or for one field."""

from typing import Literal

from pydantic import Field

from pilothouse.api.merging import keyed_by
from pilothouse.api.meta import Wire

DriftPolicy = Literal["Correct", "Report", "Ignore"]


class FieldDrift(Wire):
    """What happens when one field, or what is below it, is changed behind our back."""

    path: str = Field(
        min_length=1,
        max_length=512,
        description="The field: visibilityTimeoutSeconds, tags[team], spec.replicas, or data[app.yaml].",
    )
    policy: DriftPolicy = Field(description="Put right (Correct), only show (Report) or leave alone (Ignore) it.")


class DriftRule(Wire):
    """What happens when one thing is changed behind our back. A change of its spec is applied whatever this says."""

    policy: DriftPolicy | None = Field(
        None,
        description="For fields not named below, until the spec changes; changePolicy.drift of the Application when "
        "absent.",
    )
    fields: tuple[FieldDrift, ...] = Field(
        (),
        max_length=50,
        description="Fields with a policy of their own. What is left alone or only shown stays as it is until its own "
        "value in the spec changes.",
        json_schema_extra=keyed_by("path"),
    )


class ManifestDrift(DriftRule):
    """What happens when an object of `manifests` is changed behind our back."""

    kind: str = Field(min_length=1, max_length=63, description="Kind of the object.")
    name: str = Field(min_length=1, max_length=253, description="Name of the object.")
