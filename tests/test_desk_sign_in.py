"""The desk without scripts: the pages of signing in, also for who is signed in already."""

from __future__ import annotations

import pytest

from .desk import Browser, at_desk

#: The preset of the instance.
PRESET = "desk"


@pytest.mark.parametrize("address", ["/sign-in", "/sign-in/secret"])
def test_who_is_signed_in_can_open_the_pages_of_signing_in(instance, address):
    instance.make_type("x_asset", {"name": "name", "kind": "text"})
    with at_desk(instance) as desk:
        page = desk.get(address)
        assert page.status_code == 200
        assert "Sign in" in page.text


def test_who_is_signed_in_can_mistype_another_sign_in(instance):
    with at_desk(instance) as desk:
        assert desk.sign_in(password="wrong").status_code == 401


def test_a_weak_password_is_refused_in_the_account(instance):
    with at_desk(instance) as desk:
        page = desk.post("/account/password", data={"password": "short"})
        assert (page.status_code, 'role="alert"' in page.text) == (422, True)


def test_a_link_that_is_used_up_says_so_beside_the_other_way_in(instance):
    with at_desk(instance) as desk:
        page = Browser(desk.application).post("/sign-in/used-up")
        assert (page.status_code, 'name="password"' in page.text) == (401, True)
        assert "link" in page.text[page.text.index('role="alert"') :]
