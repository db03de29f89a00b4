"""What an API server's answers mean to the Controller, and how they are told to people.

    Conflict
    └── NamespaceTerminating   nothing can be made in a namespace that is being deleted
    NotFound
    └── NamespaceMissing       there is no such namespace
    Invalid
    └── Unacceptable           with the causes, field by field
        └── UnknownKind        the cluster knows no such kind
    Refused
    └── Expired                a resource version or continuation is too old: list anew
    NotYet
    └── Busy                   the server says when to come again

A message says what was asked, of which Cell, what the server answered, and how to mend it; never a secret.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from pilothouse.dataplane.errors import (
    Conflict,
    DataplaneError,
    Denied,
    Exhausted,
    Invalid,
    NotFound,
    NotYet,
    OutcomeUnknown,
    Refused,
)
from pilothouse.dataplane.kubernetes.types.sensitive import literals, struck


class NamespaceTerminating(Conflict):
    """Nothing can be made in a namespace that is being deleted."""


class NamespaceMissing(NotFound):
    """There is no such namespace."""


class Expired(Refused):
    """The resource version or continuation is older than the server remembers: list anew."""


@dataclass(frozen=True, slots=True)
class Cause:
    """One thing that the server found wrong: the field's path (may be empty), a reason in CamelCase, and words."""

    field: str
    reason: str
    message: str


class Unacceptable(Invalid):
    """The object is wrong in the fields that `causes` name; empty where the server names none."""

    def __init__(self, message: str, causes: tuple[Cause, ...] = ()) -> None:
        super().__init__(message)
        self.causes = causes


class UnknownKind(Unacceptable):
    """The cluster knows no such kind."""


class Busy(NotYet):
    """The server is overloaded or starting; it asks to wait for `retry_after` seconds."""

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, as messages tell it.

    what: such as "apply Deployment shop/web". has_effect: whether it may change something.
    sent: the body; no message holds what is sensitive in it.
    """

    cell: str
    what: str
    has_effect: bool = False
    sent: Any = None

    def told(self, answer: str, mend: str = "") -> str:
        """Return the message for people."""
        said = self.struck(answer.strip().rstrip("."))
        return f"cell {self.cell}: {self.what}: {said}" + (f". {mend}" if mend else "")

    def struck(self, text: str) -> str:
        """Return `text` without what is sensitive in the body."""
        return struck(text, literals(self.sent))


@dataclass(frozen=True, slots=True)
class Answer:
    """A refusal: the HTTP status and the metav1.Status in its body; `body` is empty when there was another body."""

    status: int
    body: Mapping[str, Any]
    retry_after: float = 0.0

    @property
    def reason(self) -> str:
        """The reason in CamelCase."""
        return str(self.body.get("reason") or "")

    @property
    def message(self) -> str:
        """The server's words."""
        return str(self.body.get("message") or "no explanation")

    @property
    def details(self) -> Mapping[str, Any]:
        """What the server says beyond its words; may be empty."""
        found = self.body.get("details")
        return found if isinstance(found, Mapping) else {}

    @property
    def causes(self) -> tuple[Cause, ...]:
        """What the server found wrong."""
        found = self.details.get("causes")
        return tuple(
            Cause(str(cause.get("field") or ""), str(cause.get("reason") or ""), str(cause.get("message") or ""))
            for cause in (found if isinstance(found, list) else ())
            if isinstance(cause, Mapping)
        )

    def __str__(self) -> str:
        """Return it in one line."""
        return f"the API server answered {self.status} {self.reason or 'without a reason'}: {self.message}"


def error_of(asked: Asked, answer: Answer) -> DataplaneError:
    """Return the error that a refusal means."""
    match answer.status:
        case HTTPStatus.UNAUTHORIZED:
            return Denied(asked.told(str(answer), "Renew the credentials of this Cell."))
        case HTTPStatus.FORBIDDEN:
            return _forbidden(asked, answer)
        case HTTPStatus.NOT_FOUND:
            return _not_found(asked, answer)
        case HTTPStatus.CONFLICT:
            return Conflict(asked.told(str(answer)))
        case HTTPStatus.GONE:
            return Expired(asked.told(str(answer)))
        case HTTPStatus.TOO_MANY_REQUESTS:
            return _later(asked, answer)
        case status if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return _failed(asked, answer)
        case status if status in _INVALID:
            return _invalid(asked, answer)
        case _:
            return Refused(asked.told(str(answer)))


_INVALID: Final = frozenset(
    {
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.METHOD_NOT_ALLOWED,
        HTTPStatus.NOT_ACCEPTABLE,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        HTTPStatus.UNPROCESSABLE_ENTITY,
    }
)


_MISFITS: Final = re.compile(r"failed to (create typed|convert) \w+ object")
_MISFIT: Final = re.compile(r"(?:^|\s)\.(?P<field>[^\s:]+): (?P<words>.*)")


def _forbidden(asked: Asked, answer: Answer) -> DataplaneError:
    if any(cause.reason == "NamespaceTerminating" for cause in answer.causes):
        mend = "Wait until the namespace is gone and create it again, or use another namespace."
        return NamespaceTerminating(asked.told(str(answer), mend))
    if "exceeded quota" in answer.message:
        return Exhausted(asked.told(str(answer), "Raise the ResourceQuota, or ask for less."))
    # The words of Kubernetes' authorizers; whatever else forbids is admission, and explains itself.
    by_authorizer = 'User "' in answer.message and " cannot " in answer.message
    return Denied(asked.told(str(answer), "Grant this to the user in that cluster." if by_authorizer else ""))


def _not_found(asked: Asked, answer: Answer) -> DataplaneError:
    if not answer.details.get("name"):
        mend = "Install the CustomResourceDefinition, or mend apiVersion and kind."
        return UnknownKind(asked.told(f"the API server knows no such kind: {answer}", mend))
    if answer.details.get("kind") == "namespaces":
        mend = "Create the namespace there, or set spec.kubernetes.createNamespace of the Cell."
        return NamespaceMissing(asked.told(str(answer), mend))
    return NotFound(asked.told(str(answer)))


def _failed(asked: Asked, answer: Answer) -> DataplaneError:
    if _MISFITS.match(answer.message):
        # Server-side apply answers 500 to a manifest that does not fit its schema, before anything is done.
        causes = tuple(Cause(field, "FieldValueInvalid", asked.struck(words)) for field, words in _misfits(answer))
        return Unacceptable(asked.told(answer.message, "Mend the manifest."), causes)
    if asked.has_effect and "failed calling webhook" not in answer.message:
        # Etcd may have stored what it could not confirm in time.
        return OutcomeUnknown(asked.told(str(answer)))
    return _later(asked, answer)


def _later(asked: Asked, answer: Answer) -> DataplaneError:
    asked_for = answer.details.get("retryAfterSeconds")
    seconds = float(asked_for) if isinstance(asked_for, int) else 0.0
    return Busy(asked.told(str(answer)), answer.retry_after or seconds)


def _misfits(answer: Answer) -> Iterator[tuple[str, str]]:
    for line in answer.message.splitlines():
        if found := _MISFIT.search(line):
            yield found["field"], found["words"]


def _invalid(asked: Asked, answer: Answer) -> DataplaneError:
    if any(cause.field == "metadata.uid" for cause in answer.causes):
        return Conflict(asked.told(f"another object of this name has been made since: {answer}"))
    causes = tuple(Cause(cause.field, cause.reason, asked.struck(cause.message)) for cause in answer.causes)
    return Unacceptable(asked.told(str(answer)), causes)
