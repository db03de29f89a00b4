"""IAM policies in the one spelling that can be compared: the same for any two that say the same of the same things.

Source: the AWS IAM User Guide, "IAM JSON policy elements reference": most elements take a text or a list of texts, the
order of a list has no meaning and IAM does not keep it, and an account stands for its root user.
"""

import json
import re
from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import AfterValidator

from pilothouse.dataplane.aws.documents import JsonObject, compact

_LISTS: Final = frozenset({"Action", "NotAction", "NotResource", "Resource"})
_PRINCIPALS: Final = frozenset({"NotPrincipal", "Principal"})
_ROOT: Final = re.compile(r"arn:[a-z-]+:iam::([0-9]{12}):root")


def normal(document: str | Mapping[str, Any]) -> str:
    """Return a policy in its normal spelling, whatever it says. document: JSON, as text or read."""
    read = json.loads(document) if isinstance(document, str) else document
    statements = read.get("Statement", [])
    each = statements if isinstance(statements, list) else [statements]
    return compact({**read, "Statement": [_statement(one) for one in each]})


PolicyDocument = Annotated[JsonObject, AfterValidator(normal)]
"""A policy as JSON text, kept in its normal spelling."""


def _statement(statement: Any) -> Any:
    if not isinstance(statement, dict):
        return statement
    return {name: _element(name, value) for name, value in statement.items()}


def _element(name: str, value: Any) -> Any:
    if name in _LISTS:
        return _texts(value)
    if name in _PRINCIPALS and isinstance(value, dict):
        return {kind: _texts(value[kind], _ROOT) for kind in value}
    if name == "Condition" and isinstance(value, dict):
        return {operator: _condition(keys) for operator, keys in value.items()}
    return value


def _condition(keys: Any) -> Any:
    return {key: _texts(value) for key, value in keys.items()} if isinstance(keys, dict) else keys


def _texts(value: Any, short: re.Pattern[str] | None = None) -> Any:
    """Return one text as it is, and several in order, each once; what matches `short` as the part that it captures."""
    several = sorted({_text(one, short) for one in (value if isinstance(value, list) else [value])})
    return several[0] if len(several) == 1 else several


def _text(value: Any, short: re.Pattern[str] | None) -> str:
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    found = short.fullmatch(text) if short else None
    return found[1] if found else text
