"""Names every part of the control plane agrees on, and the base of every model that crosses the Kubernetes API."""

from typing import ClassVar, Final

from pydantic import BaseModel, ConfigDict

GROUP: Final = "pilothouse.dev"
VERSION: Final = "v1alpha1"
API_VERSION: Final = f"{GROUP}/{VERSION}"
FINALIZER: Final = f"{GROUP}/cleanup"
FIELD_MANAGER: Final = "pilothouse"
APPROVED_ANNOTATION: Final = f"{GROUP}/approved"
"""Set on a Plan, with the Plan's `approvalHash` as value, by whoever approves its gated steps."""
RETRY_ANNOTATION: Final = f"{GROUP}/retry"
"""Set on an Application, the time as value, by whoever wants everything tried again at once, back-off or not."""
REPLACE_ANNOTATION: Final = f"{GROUP}/replace"
"""Set on an Application by whoever wants things destroyed and made anew: their `LedgerEntry.identity`, by spaces."""
RESUME_ANNOTATION: Final = f"{GROUP}/resume"
"""Set on a Cell by whoever lets its breaker close: `status.breaker.openedAt`, so that no later opening is meant."""
SILO_LABEL: Final = f"{GROUP}/silo"
"""On a namespace whose tenant shares no Cell: only Cells of that `spec.silo` are for it, and they for no other."""
MOST_REPLACEMENTS: Final = 20
"""Things that one Application is asked to have replaced at once; more are not read, for status repeats them."""

NAME_PATTERN: Final = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
"""A DNS label, RFC 1123."""

Rules = tuple[tuple[str, str], ...]
"""CEL expressions over one object, each with the message shown when it is false: what is wrong and how to mend it."""

_ACRONYMS: Final = frozenset({
    "aaaa", "acl", "api", "arn", "az", "cidr", "cpu", "db", "dns", "ebs", "id", "iam", "ip", "kms", "nat", "sse", "ssl",
    "tls", "ttl", "url", "uid", "vpc",
})  # fmt: skip
_PLURAL_ACRONYMS: Final = frozenset({f"{acronym}s" for acronym in _ACRONYMS})


def wire_name(field: str) -> str:
    """Spell a Python field as Kubernetes does: `image_id` is `imageID`, `security_group_ids` is `securityGroupIDs`."""
    first, *rest = field.strip("_").split("_")
    return first + "".join(_capitalised(word) for word in rest)


def _capitalised(word: str) -> str:
    if word in _PLURAL_ACRONYMS:
        return word[:-1].upper() + "s"
    return word.upper() if word in _ACRONYMS else word.capitalize()


class Wire(BaseModel):
    """Part of a kind: immutable, spelled in camelCase on the wire, and closed, so that a typo is an error."""

    model_config = ConfigDict(alias_generator=wire_name, populate_by_name=True, extra="forbid", frozen=True)

    rules: ClassVar[Rules] = ()
    """Checked by the API server wherever the model appears in a kind."""


class Record(Wire):
    """Part of a status: open, because a newer operator may have written fields this one does not know."""

    model_config = ConfigDict(extra="ignore")
