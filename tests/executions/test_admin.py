"""Django's own admin: superusers only, and the audit only to read there."""

from typing import Any

import pytest
from django.contrib import admin
from django.test import Client

from executions.models import ActionOutcome, ActionRepeated, ActionRequested, AuditPruned
from tests.executions.conftest import SignIn

MODELS = (ActionRequested, ActionOutcome, ActionRepeated, AuditPruned)


@pytest.fixture
def row(db: None) -> ActionRequested:
    made: ActionRequested = ActionRequested.objects.create(
        token="t", username="ana", operation="cancel", execution_id="<b>e</b>", reason="a reason"
    )
    ActionOutcome.objects.create(action_id=made.id, result="done")
    ActionRepeated.objects.create(action_id=made.id)
    AuditPruned.objects.create(username="root", older_than=made.at, count=3)
    return made


@pytest.fixture
def superuser(sign_in: SignIn) -> Client:
    return sign_in("superuser")


def _address(model: type, rest: str = "") -> str:
    return f"/admin/executions/{model.__name__.lower()}/{rest}"


@pytest.mark.parametrize("name", ["anonymous", "viewer", "operator", "admin", "nobody"])
@pytest.mark.parametrize("address", ["/admin/", "/admin/auth/user/", _address(ActionRequested)])
def test_only_superusers_get_in(sign_in: SignIn, name: str, address: str) -> None:
    response = sign_in(name).get(address)
    # Anonymous people are sent to one sign-in or the other; whoever is signed in only to the admin's.
    login = "/accounts/login/" if name == "anonymous" and address != "/admin/" else "/admin/login/"
    assert (response.status_code, response["Location"]) == (302, f"{login}?next={address}")


def test_staff_without_being_superusers_do_not(sign_in: SignIn, users: dict[str, Any]) -> None:
    users["admin"].is_staff = True
    users["admin"].save()
    assert sign_in("admin").get("/admin/").status_code == 302


def test_the_admin_offers_users_groups_and_the_audit() -> None:
    assert {model.__name__ for model in admin.site._registry} == {
        "User",
        "Group",
        "ActionRequested",
        "ActionOutcome",
        "ActionRepeated",
        "AuditPruned",
    }
    assert {str(model._meta.verbose_name_plural) for model in MODELS} == {
        "actions requested",
        "outcomes of actions",
        "queries asked again",
        "removals of old rows",
    }


@pytest.mark.parametrize("model", MODELS)
def test_the_audit_can_be_read(superuser: Client, row: ActionRequested, model: type) -> None:
    listed = superuser.get(_address(model))
    assert listed.status_code == 200
    assert listed.context["cl"].result_count == 1
    assert "<b>e</b>" not in listed.content.decode()
    shown = superuser.get(_address(model, f"{model.objects.get().pk}/change/"))
    assert shown.status_code == 200
    assert 'name="_save"' not in shown.content.decode()


def test_the_audit_can_be_searched(superuser: Client, row: ActionRequested) -> None:
    assert superuser.get(_address(ActionRequested), {"q": "reason"}).context["cl"].result_count == 1
    assert superuser.get(_address(ActionRequested), {"q": "nothing"}).context["cl"].result_count == 0


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("rest", ["add/", "{}/change/", "{}/delete/"])
def test_the_audit_cannot_be_changed(superuser: Client, row: ActionRequested, model: type, rest: str) -> None:
    found = model.objects.get()
    response = superuser.post(_address(model, rest.format(found.pk)), {"reason": "another", "post": "yes"})
    assert response.status_code == 403
    assert list(model.objects.values()) == [model.objects.filter(pk=found.pk).values().get()]
    assert model.objects.get().at == found.at


@pytest.mark.parametrize("model", MODELS)
def test_the_audit_cannot_be_deleted_from_its_list(superuser: Client, row: ActionRequested, model: type) -> None:
    chosen = {"action": "delete_selected", "_selected_action": [str(model.objects.get().pk)], "post": "yes"}
    superuser.post(_address(model), chosen)
    assert model.objects.count() == 1


def test_deleting_a_user_leaves_the_audit(superuser: Client, users: dict[str, Any], row: ActionRequested) -> None:
    ActionRequested.objects.create(token="u", username="operator", operation="cancel", execution_id="e")
    superuser.post(f"/admin/auth/user/{users['operator'].pk}/delete/", {"post": "yes"})
    assert not type(users["operator"]).objects.filter(username="operator").exists()
    assert ActionRequested.objects.filter(username="operator").count() == 1
