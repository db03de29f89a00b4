"""JSON that AWS keeps as text, and rules said twice."""

from __future__ import annotations

import json

import pytest
from pydantic import TypeAdapter, ValidationError

from pilothouse.api.rules import check
from pilothouse.dataplane.aws import redrive
from pilothouse.dataplane.aws.documents import JsonObject
from pilothouse.dataplane.aws.redrive import RedriveAllowPolicy, RedrivePolicy

ARN = "arn:aws:sqs:eu-west-1:123456789012:dead"
OBJECT: TypeAdapter[str] = TypeAdapter(JsonObject)


def test_the_same_document_is_the_same_however_it_is_written() -> None:
    document = {"b": [1, 2], "a": {"d": "é", "c": None}}
    spellings = [json.dumps(document), json.dumps(document, indent=4), json.dumps(document, ensure_ascii=False)]
    assert len({OBJECT.validate_python(spelling) for spelling in spellings}) == 1


@pytest.mark.parametrize("text", ["[]", "7", "{", "{'a': 1}", ""])
def test_what_is_no_json_object_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        OBJECT.validate_python(text)


def test_a_redrive_policy_reads_back_as_it_was_written() -> None:
    policy = RedrivePolicy(dead_letter_target_arn=ARN, max_receive_count=3)
    assert redrive.read(RedrivePolicy, redrive.write(policy)) == policy


@pytest.mark.parametrize(
    "policy",
    [
        RedriveAllowPolicy(redrive_permission="denyAll"),
        RedriveAllowPolicy(redrive_permission="byQueue", source_queue_arns=(f"{ARN}-b", f"{ARN}-a")),
    ],
)
def test_a_redrive_allow_policy_reads_back_as_it_was_written(policy: RedriveAllowPolicy) -> None:
    assert redrive.read(RedriveAllowPolicy, redrive.write(policy)) == policy


def test_policies_are_spelled_as_sqs_spells_them() -> None:
    assert redrive.write(RedrivePolicy(dead_letter_target_arn=ARN)) == (
        f'{{"deadLetterTargetArn":"{ARN}","maxReceiveCount":10}}'
    )


def test_a_number_kept_as_text_is_a_number() -> None:
    """SQS gives a redrive policy back as somebody wrote it, and many write maxReceiveCount in quotes."""
    text = json.dumps({"deadLetterTargetArn": ARN, "maxReceiveCount": "3"})
    assert redrive.read(RedrivePolicy, text) == RedrivePolicy(dead_letter_target_arn=ARN, max_receive_count=3)


def test_a_policy_newer_than_the_model_can_be_read() -> None:
    policy = redrive.read(RedriveAllowPolicy, '{"redrivePermission":"byAccount"}')
    assert policy.model_dump(exclude_defaults=True, warnings=False) == {"redrive_permission": "byAccount"}


@pytest.mark.parametrize(("permission", "sources"), [("byQueue", ()), ("allowAll", (ARN,))])
def test_sources_belong_to_the_permission_by_queue(permission: str, sources: tuple[str, ...]) -> None:
    with pytest.raises(ValidationError, match="sourceQueueARNs: give them with redrivePermission byQueue"):
        RedriveAllowPolicy.model_validate({"redrivePermission": permission, "sourceQueueARNs": sources})


def test_the_first_broken_rule_is_told() -> None:
    rules = (("a", "first"), ("b", "second"), ("c", "third"))
    check(rules, True, True, True)  # noqa: FBT003 - one truth a rule
    with pytest.raises(ValueError, match="second"):
        check(rules, True, False, False)  # noqa: FBT003


def test_a_rule_without_its_python_half_is_an_error() -> None:
    with pytest.raises(ValueError, match="zip"):
        check((("a", "first"), ("b", "second")), True)  # noqa: FBT003
