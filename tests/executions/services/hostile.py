"""Values as hostile as JSON can be, for services that must take whatever upstream sends."""

from typing import Any

import msgspec
from hypothesis import strategies as st

TEXTS = st.sampled_from(
    ["", "\x1b[31mred\x1b[0m", "<script>", "\u202egnp.exe", "1", "-1", "9" * 40, "2026-01-31T14:05:00Z", "é" * 400]
) | st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
NUMBERS = st.sampled_from([0, -1, 2**63, 10**60, 1e300]) | st.integers() | st.floats(allow_nan=False)
SCALARS = st.none() | st.booleans() | NUMBERS | TEXTS


def values(keys: list[str]) -> st.SearchStrategy[Any]:
    """JSON of any shape, with the keys that the service looks for."""
    named = st.sampled_from(keys) | TEXTS
    return st.recursive(
        SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(named, inner, max_size=5), max_leaves=25
    )


def objects(keys: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    """The same, as an object whose keys are those that the service looks for."""
    return st.dictionaries(st.sampled_from(keys), values(keys), max_size=8)


def nested(depth: int, key: str = "cause", **inner: Any) -> Any:
    """`inner` inside so many objects."""
    found: Any = inner
    for _ in range(depth):
        found = {key: found}
    return found


def raw(value: Any) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))
