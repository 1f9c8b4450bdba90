"""Who may do what. The server asks here before every page and every action; templates only hide what would fail."""

from typing import Any

from executions.operations import BY_SLUG, OPERATIONS

ROLES: dict[str, tuple[str, ...]] = {
    "viewer": ("read",),
    "operator": ("read", "operate"),
    "admin": ("read", "operate", "administer"),
}
"""Each group's permissions; a migration makes the groups."""


class NotAllowed(Exception):
    """The user may not use this operation."""

    def __init__(self, operation: str) -> None:
        super().__init__(operation)
        self.operation = operation


def is_allowed(user: Any, operation: str) -> bool:
    """Whether `user` (Django's, signed in or not) may use the operation with this slug. May query the database."""
    return bool(user.is_authenticated and user.has_perm(f"executions.{BY_SLUG[operation].permission}"))


def check_allowed(user: Any, operation: str) -> None:
    """Raise NotAllowed unless `user` may use the operation with this slug. May query the database."""
    if not is_allowed(user, operation):
        raise NotAllowed(operation)


def allowed_operations(user: Any) -> frozenset[str]:
    """The slugs of all the operations that `user` may use, for showing buttons."""
    return frozenset(operation.slug for operation in OPERATIONS if is_allowed(user, operation.slug))
