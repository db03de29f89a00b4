"""Parameters on their way out, and key pairs on their way in."""

from __future__ import annotations

import base64
from types import MappingProxyType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pilothouse.dataplane.aws.credentials import AccessKey
from pilothouse.dataplane.aws.parameters import plain, without_secrets
from pilothouse.dataplane.errors import Denied, Invalid
from pilothouse.dataplane.types import Digest, Ref, Sensitive

fifty = settings(max_examples=50)


def test_what_the_sdk_takes_is_made_of_dictionaries_and_lists() -> None:
    given_ = MappingProxyType({"Tags": ({"Key": "a"},), "Count": 1, "UserData": Sensitive("s")})
    assert plain(given_, "Run") == {"Tags": [{"Key": "a"}], "Count": 1, "UserData": "s"}


@pytest.mark.parametrize("value", [Ref("private-a", "id"), Digest((Ref("private-a", "id"),))])
def test_a_value_that_is_not_known_yet_is_refused_with_its_place(value: object) -> None:
    with pytest.raises(Invalid, match=r"RunInstances\.Groups\[1\] is .*private-a\.id.*not known yet"):
        plain({"Groups": ["sg-1", value]}, "RunInstances")


@fifty
@given(st.text(min_size=1))
def test_no_spelling_of_a_secret_is_left(secret: str) -> None:
    encoded = base64.b64encode(secret.encode()).decode()
    parameters = {"a": [{"b": Sensitive(secret)}], "c": "plain", "d": Sensitive("")}
    for spelling in (secret, repr(secret)[1:-1], encoded):
        assert without_secrets(spelling, parameters) == "(sensitive)"


def test_other_text_stays() -> None:
    assert without_secrets("nothing to hide", {"a": 1, "b": ["c"]}) == "nothing to hide"


def test_a_secret_holds_a_key_pair_and_perhaps_a_session_token() -> None:
    data = {"aws_access_key_id": b"AKIA\n", "aws_secret_access_key": b"secret\n"}
    assert AccessKey.from_secret("aws", data) == AccessKey("AKIA", Sensitive("secret"), None)
    assert AccessKey.from_secret("aws", data | {"aws_session_token": b"t"}).session_token == "t"
    assert "secret" not in repr(AccessKey.from_secret("aws", data)).replace("secret_access_key", "")


@pytest.mark.parametrize("value", [b"", b" \n", b"\xff"])
def test_a_secret_without_a_usable_key_is_refused_by_name(value: bytes) -> None:
    with pytest.raises(Denied, match=r"Secret aws: key aws_access_key_id is .*keys found: aws_access_key_id, other"):
        AccessKey.from_secret("aws", {"aws_access_key_id": value, "other": b"x"})
    with pytest.raises(Denied, match=r"keys found: none"):
        AccessKey.from_secret("aws", {})
