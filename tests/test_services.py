"""Services: users that are programs, with roles and tokens; nobody signs in as one."""

from __future__ import annotations

import pytest

from relatum.core import auth, db, records, roles, serve
from relatum.core.errors import Invalid, RelatumError

from .desk import at_desk
from .homes import Shell
from .instances import prepared

PRESET = "desk"


@prepared
def shop(instance):
    """A service, and a type that it may read and fill."""
    instance.make_type("x_order", {"name": "code", "kind": "text"}, title="code")
    [id_] = instance.create("user", {"name": "Web shop", "service": True})
    instance.write(roles.save, "shop", {"types": {"x_order": {"read": "own", "create": "all"}}})
    instance.write(roles.hold, "user", id_, ["shop"])
    return {"id": id_}


def code_of(verb, *args, **kwargs):
    with pytest.raises(RelatumError) as caught:
        verb(*args, **kwargs)
    return caught.value.code


def problems_of(verb, *args):
    with pytest.raises(Invalid) as caught:
        verb(*args)
    return [(problem.code, problem.field) for problem in caught.value.problems]


def bearer(instance, text):
    made = instance.app.test_client()
    made.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {text}"
    return made


def test_a_service_works_by_its_tokens_with_the_roles_it_holds(instance, shop, refused):
    _, text = instance.write(auth.make_token, shop["id"], "orders", 365)
    program = bearer(instance, text)
    made = program.post("/api/v1/records/x_order", json={"code": "A"})
    assert made.status_code == 201
    id_ = made.get_json()["id"]
    assert instance.get("x_order", id_)["created_by"] == shop["id"]
    refused(program.patch(f"/api/v1/records/x_order/{id_}", json={"code": "B"}), 403, "forbidden")
    instance.write(records.update, "user", [{"id": shop["id"], "active": False}])
    refused(program.get("/api/v1/records/x_order"), 401, "token_invalid")


def test_it_gets_no_password_link_or_session(instance, shop, refused):
    write, id_ = instance.write, shop["id"]
    hashed = auth.hash_password("correct horse battery")
    assert code_of(write, auth.set_password, id_, hashed) == "cant_sign_in"
    assert code_of(write, auth.make_link, id_) == "cant_sign_in"
    assert code_of(write, auth.make_reset, id_) == "cant_sign_in"
    with instance.app.app_context():
        assert code_of(db.transact, lambda: auth.sign_in(id_)) == "sign_in_failed"
        assert code_of(db.transact, lambda: auth.enter(id_)) == "sign_in_failed"
    _, text = write(auth.make_token, id_, "t", None)
    sent = {"password": "correct horse battery"}
    answer = bearer(instance, text).put(f"/api/v1/users/{id_}/password", json=sent)
    refused(answer, 422, "cant_sign_in")
    for table in ("core_credential", "core_link", "core_session"):
        assert instance.sql(f"SELECT count(*) FROM {table} WHERE user_id = {id_}")[0][0] == 0


def test_it_has_no_address(instance, shop):
    row = {"name": "Other", "service": True, "email": "shop@example.org"}
    found = problems_of(instance.write, records.create, "user", [row])
    assert found == [("service_address", "email")]
    row = {"id": shop["id"], "email": "shop@example.org"}
    found = problems_of(instance.write, records.update, "user", [row])
    assert found == [("service_address", "email")]


def test_whoever_is_a_person_or_a_service_stays_that(instance, shop):
    for id_, service in ((shop["id"], False), (instance.bob.user_id, True)):
        row = {"id": id_, "service": service}
        found = problems_of(instance.write, records.update, "user", [row])
        assert found == [("service_fixed", "service")]
    same = {"id": shop["id"], "service": True, "name": "Shop"}
    instance.write(records.update, "user", [same])
    assert instance.get("user", shop["id"])["name"] == "Shop"


def test_a_service_is_no_last_administrator(instance, shop):
    instance.write(records.update, "user", [{"id": shop["id"], "admin": True}])
    alone = [{"id": instance.alice.user_id, "active": False}]
    assert code_of(instance.write, records.update, "user", alone) == "last_admin"


def test_it_is_added_on_the_machine_and_listed_apart(instance, shop):
    relatum = Shell(serve.environment(instance.config))
    said = relatum.said("users", "add", "Nightly import", "--service")
    assert "relatum tokens create NAME --user" in said
    names = [each["name"] for each in relatum.json("users", "list", "service=true")["records"]]
    assert names == ["Nightly import", "Web shop"]
    people = {each["name"] for each in relatum.json("users", "list", "service=false")["records"]}
    assert people == {"Alice", "Bob", "Charlie"}


def test_the_desk_offers_no_link_to_sign_in_as_it(instance, shop):
    with at_desk(instance) as desk:
        assert "Sign-in link" in desk.get(f"/records/user/{instance.bob.user_id}").text
        assert "Sign-in link" not in desk.get(f"/records/user/{shop['id']}").text
        assert desk.get("/records/user?service=true").text.count("Web shop")
