"""The roles: what each group may do, as the migration made it."""

from importlib import import_module
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, Group, Permission, User
from django.core.management import call_command
from django.test import Client

from executions import permissions
from executions.operations import BY_SLUG, OPERATIONS
from executions.permissions import ROLES, NotAllowed


@pytest.mark.django_db
def test_the_migration_makes_the_groups() -> None:
    made = {group.name: {one.codename for one in group.permissions.all()} for group in Group.objects.all()}
    assert made == {name: set(codenames) for name, codenames in ROLES.items()}
    assert import_module("executions.migrations.0002_groups").ROLES == ROLES
    # Django makes the permissions of the models again after each migration: they have to be the same rows.
    before = set(Permission.objects.values_list("id", "name"))
    call_command("migrate", verbosity=0)
    assert set(Permission.objects.values_list("id", "name")) == before


@pytest.mark.django_db
@pytest.mark.parametrize("name", [*ROLES, "nobody", "superuser", "anonymous", "inactive"])
def test_each_role_may_what_it_should(name: str, users: dict[str, User]) -> None:
    expected = {
        "viewer": {"read"},
        "operator": {"read", "operate"},
        "admin": {"read", "operate", "administer"},
        "superuser": {"read", "operate", "administer"},
    }.get(name, set())
    if name == "inactive":
        user: Any = users["admin"]
        user.is_active = False
    else:
        user = users.get(name) or AnonymousUser()
    allowed = {one.slug for one in OPERATIONS if one.permission in expected}
    assert permissions.allowed_operations(user) == allowed
    for slug in BY_SLUG:
        assert permissions.is_allowed(user, slug) == (slug in allowed)
        if slug in allowed:
            permissions.check_allowed(user, slug)
        else:
            with pytest.raises(NotAllowed) as refused:
                permissions.check_allowed(user, slug)
            assert refused.value.operation == slug


@pytest.mark.django_db
def test_leaving_a_group_takes_its_rights_at_once(users: dict[str, User]) -> None:
    browser = Client()
    browser.force_login(users["viewer"])
    assert browser.get("/audit/").status_code == 200
    users["viewer"].groups.clear()
    assert browser.get("/audit/").status_code == 403
