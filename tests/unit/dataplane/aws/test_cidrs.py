"""IP ranges have one spelling: AWS would give back another one for ever."""

import pytest
from pydantic import TypeAdapter, ValidationError

from pilothouse.dataplane.aws.cidrs import IPv4Range, IPv6Range

V4, V6 = TypeAdapter(IPv4Range), TypeAdapter(IPv6Range)


def test_the_spelling_that_aws_gives_back_is_taken() -> None:
    assert V4.validate_python("10.0.0.0/8") == "10.0.0.0/8"
    assert V6.validate_python("2001:db8::/56") == "2001:db8::/56"


@pytest.mark.parametrize(
    ("kind", "given", "message"),
    [
        (V4, "10.0.0.5/16", "AWS keeps 10.0.0.5/16 as 10.0.0.0/16: write 10.0.0.0/16"),
        (V6, "2001:0db8::/56", "write 2001:db8::/56"),
        (V4, "300.0.0.0/16", "300.0.0.0/16 is not an IP range: write one such as"),
    ],
)
def test_any_other_is_refused_with_the_right_one(kind: TypeAdapter[str], given: str, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        kind.validate_python(given)
