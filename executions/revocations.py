"""Who signs out or may do less than before loses their websockets at once."""

from functools import partial
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.contrib.auth.signals import user_logged_out
from django.db import transaction
from django.db.models.signals import m2m_changed, post_delete, post_save

from executions import sockets


def connect() -> None:
    """Listen to what Django says of users, groups and sessions."""
    user: Any = get_user_model()
    user_logged_out.connect(_signed_out)
    post_save.connect(_user_changed, sender=user)
    post_delete.connect(_user_changed, sender=user)
    post_delete.connect(_group_changed, sender=Group)
    m2m_changed.connect(_members_changed, sender=user.groups.through)
    m2m_changed.connect(_members_changed, sender=user.user_permissions.through)
    m2m_changed.connect(_group_changed, sender=Group.permissions.through)


def _signed_out(request: Any, **_: Any) -> None:
    # The session is still there: Django deletes it only after this.
    key = request.session.session_key if request is not None else None
    if key:
        sockets.sign_out(key)


def _look_again(user_id: int | None) -> None:
    # Only then do others see the change; and whatever happens here, it must not undo it.
    transaction.on_commit(partial(sockets.look_again, user_id), robust=True)


def _user_changed(instance: Any, update_fields: Any = None, **_: Any) -> None:
    if update_fields is None or {*update_fields} != {"last_login"}:
        _look_again(instance.pk)


def _members_changed(instance: Any, action: str, reverse: bool, **_: Any) -> None:
    if action.startswith("post_"):
        _look_again(None if reverse else instance.pk)


def _group_changed(**_: Any) -> None:
    _look_again(None)
