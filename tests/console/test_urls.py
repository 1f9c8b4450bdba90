"""The site's own addresses: sign in, sign out, and the way to the list."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

pytestmark = pytest.mark.django_db


@pytest.fixture
def user() -> User:
    return User.objects.create_user("ana", password="right")


def sign_in(browser: Client, **sends: str) -> Any:
    return browser.post("/accounts/login/", {"username": "ana", "password": "right", **sends})


def test_the_root_leads_to_the_list(user: User) -> None:
    browser = Client()
    browser.force_login(user)
    response = browser.get("/")
    assert (response.status_code, response["Location"]) == (302, "/executions/")


def test_signing_in_and_out(user: User) -> None:
    browser = Client()
    assert sign_in(browser)["Location"] == "/executions/"
    assert browser.session["_auth_user_id"] == str(user.pk)
    # A link cannot sign anybody out.
    assert browser.get("/accounts/logout/").status_code == 405
    response = browser.post("/accounts/logout/")
    assert (response.status_code, response["Location"]) == (302, "/accounts/login/")
    assert "_auth_user_id" not in browser.session


@pytest.mark.parametrize("sends", [{"password": "wrong"}, {"username": "bo"}, {"username": "ANA"}])
def test_a_wrong_name_or_password(user: User, sends: dict[str, str]) -> None:
    response = sign_in(Client(), **sends)
    assert response.status_code == 200
    assert "This name and password do not go together." in response.content.decode()


def test_somebody_who_left_cannot_sign_in(user: User) -> None:
    user.is_active = False
    user.save()
    assert "do not go together" in sign_in(Client()).content.decode()


def test_who_is_signed_in_goes_on(user: User) -> None:
    browser = Client()
    browser.force_login(user)
    response = browser.get("/accounts/login/?next=/audit/")
    assert (response.status_code, response["Location"]) == (302, "/audit/")


def test_signing_in_takes_the_csrf_token(user: User) -> None:
    response = sign_in(Client(enforce_csrf_checks=True))
    assert response.status_code == 403
    assert "This form was not sent from a page of the console" in response.content.decode()


def test_the_session_changes_with_signing_in(user: User) -> None:
    browser = Client()
    browser.get("/accounts/login/")
    session = browser.session
    session["before"] = "yes"
    session.save()
    before = session.session_key
    browser.cookies["sessionid"] = before
    sign_in(browser)
    assert browser.cookies["sessionid"].value != before
