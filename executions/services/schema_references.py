"""What a part of a JSON schema points at, or wraps: the schema that says something by itself.

References may lead to each other, to nothing, or outside, where nobody follows.
"""

from typing import Any
from urllib.parse import unquote

from executions.services.schema_values import CHOICE_LIMIT, listed

HOPS = 20
"""References, one leading to the next, that are followed."""


class References:
    def __init__(self, schema: dict[str, Any]) -> None:
        """`schema` is the whole, which its parts refer to."""
        self.schema = schema

    def resolve(self, schema: Any) -> tuple[dict[str, Any], bool]:
        """The schema with references and wrappers of one taken away, and whether null is allowed beside it."""
        nullable, found = False, schema
        for _ in range(HOPS):
            if not isinstance(found, dict):
                return {}, nullable
            inner, or_null = self.unwrap(found)
            nullable = nullable or or_null
            if inner is None:
                return found, nullable
            # What stands beside a reference, such as a description, is about this place.
            about = {name: found[name] for name in ("title", "description", "default") if name in found}
            found = {**inner, **about} if isinstance(inner, dict) else inner
        return {}, nullable

    def unwrap(self, schema: dict[str, Any]) -> tuple[Any, bool]:
        """What a schema only points at, or None; and whether null is allowed beside it."""
        if "$ref" in schema:
            return self.target(schema["$ref"]), False
        if isinstance(together := schema.get("allOf"), list) and len(together) == 1 and "properties" not in schema:
            return together[0], False
        for name in ("anyOf", "oneOf"):
            if isinstance(branches := schema.get(name), list) and len(branches) <= CHOICE_LIMIT:
                others = [one for one in branches if not (isinstance(one, dict) and one.get("type") == "null")]
                or_null = len(others) < len(branches)
                if len(others) == 1:
                    return others[0], or_null
                values = [listed(one) for one in others]
                if others and all(values):
                    return {"enum": [value for some in values for value in some or ()]}, or_null
        if isinstance(types := schema.get("type"), list):
            others = [one for one in types if one != "null"]
            if len(others) == 1:
                return {**schema, "type": others[0]}, len(others) < len(types)
        return None, False

    def target(self, reference: Any) -> Any:
        """What a reference inside the schema points at; an empty schema for any other."""
        if not isinstance(reference, str) or not reference.startswith("#") or len(reference) > 1_000:
            return {}
        found: Any = self.schema
        for part in unquote(reference[1:]).split("/")[1:]:
            name = part.replace("~1", "/").replace("~0", "~")
            if isinstance(found, list) and name.isdecimal() and len(name) < 6 and int(name) < len(found):
                found = found[int(name)]
            elif isinstance(found, dict) and name in found:
                found = found[name]
            else:
                return {}
        return found
