"""What SQS does with messages that could not be handled: two JSON documents, kept as text in a queue's attributes."""

import json
from typing import Annotated, Any, ClassVar, Literal, Self, TypeVar

from pydantic import AfterValidator, Field, model_validator

from pilothouse.api.merging import set_of
from pilothouse.api.meta import Rules, Wire
from pilothouse.api.rules import check
from pilothouse.dataplane.aws.documents import compact


class RedrivePolicy(Wire):
    """Where messages go that could not be handled."""

    dead_letter_target_arn: str = Field(
        pattern=r"^arn:[^:]+:sqs:[^:]+:[0-9]{12}:[A-Za-z0-9_.-]+$",
        max_length=256,
        description="ARN of the dead-letter queue.",
    )
    max_receive_count: int = Field(10, ge=1, le=1000, description="Receives after which a message is moved there.")


class RedriveAllowPolicy(Wire):
    """Which queues may name this one as their dead-letter queue."""

    rules: ClassVar[Rules] = (
        (
            "(self.redrivePermission == 'byQueue') == (has(self.sourceQueueARNs) && self.sourceQueueARNs.size() > 0)",
            "sourceQueueARNs: give them with redrivePermission byQueue, and only then",
        ),
    )

    redrive_permission: Literal["allowAll", "denyAll", "byQueue"] = Field(
        description="Any queue of the account and region, none, or those of sourceQueueARNs."
    )
    source_queue_arns: Annotated[tuple[str, ...], AfterValidator(lambda arns: tuple(sorted(arns)))] = Field(
        (), max_length=10, description="ARNs of the queues that may.", json_schema_extra=set_of(256)
    )

    @model_validator(mode="after")
    def _keep_rules(self) -> Self:
        check(self.rules, (self.redrive_permission == "byQueue") == bool(self.source_queue_arns))
        return self


P = TypeVar("P", RedrivePolicy, RedriveAllowPolicy)


def write(policy: RedrivePolicy | RedriveAllowPolicy) -> str:
    """Return the document as SQS spells it."""
    return compact(
        {key.replace("ARN", "Arn"): value for key, value in policy.model_dump(by_alias=True).items() if value}
    )


def read(model: type[P], text: str) -> P:
    """Read a document of SQS, whatever its values: SQS may know some that the model does not take."""
    document: dict[str, Any] = json.loads(text)
    return model.model_construct(**{key.replace("Arn", "ARN"): _comparable(value) for key, value in document.items()})


def _comparable(value: Any) -> Any:
    """SQS keeps a number as the text that somebody gave it as, and lists in the order given."""
    match value:
        case list():
            return tuple(sorted(value))
        case str() if value.isdecimal():
            return int(value)
        case _:
            return value
