"""Settings of what bears tags: AWS allows 50 of them, of which some are our mark."""

from typing import ClassVar, Self

from pydantic import Field, model_validator

from pilothouse.api.meta import Rules
from pilothouse.api.rules import check
from pilothouse.dataplane.aws import marks
from pilothouse.dataplane.types import ResourceSpec


class TaggedSpec(ResourceSpec):
    """The tags. A subclass with rules of its own adds them to `rules`, and to `holds` in the same order."""

    rules: ClassVar[Rules] = (marks.USER_TAGS_RULE,)

    tags: marks.UserTags = Field(default_factory=dict, description="Tags. Name is set to the cloud name unless given.")

    def holds(self) -> tuple[bool, ...]:
        """Tell of each of `rules` whether it holds."""
        return (marks.keeps_user_tags_rule(self.tags),)

    @model_validator(mode="after")
    def _keep_rules(self) -> Self:
        check(self.rules, *self.holds())
        return self


def without_name(tags: dict[str, str], want: dict[str, str]) -> dict[str, str]:
    """Leave out the tag Name, which bears the cloud name, where `want` does not set it."""
    return {key: value for key, value in tags.items() if key != "Name" or key in want}
