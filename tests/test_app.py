"""The application: safe whatever the environment says, and one shape of error for every way."""

from __future__ import annotations

import dataclasses
import io
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import url_for

from relatum.core import db
from relatum.core.api import problems
from relatum.core.app import create_app
from relatum.core.config import Config
from relatum.core.errors import RelatumError


@pytest.fixture
def app(monkeypatch, tmp_path: Path):
    """An application made where everything around it asks for debugging."""
    monkeypatch.setenv("FLASK_DEBUG", "1")
    monkeypatch.setenv("FLASK_TESTING", "1")
    return create_app(Config(home=tmp_path))


@pytest.fixture
def anybody(instance):
    return instance.client()


@pytest.fixture
def alice(instance):
    return instance.client(instance.alice)


def test_a_template_is_compiled_once_for_every_application_of_a_process(app, tmp_path: Path):
    other = create_app(Config(home=tmp_path))
    one, same = (each.jinja_env.get_template("base.html") for each in (app, other))
    assert one is not same
    assert one.root_render_func.__code__ is same.root_render_func.__code__


def test_an_address_is_made_from_the_name_of_its_rule(app):
    with app.test_request_context():
        assert url_for("static", filename="x.css", v=1) == "/api/static/x.css?v=1"
    adapter = app.url_map.bind("")
    rule = next(r for r in app.url_map.iter_rules() if r.rule == "/api/v1/jobs/<id:id>")
    assert (
        adapter.build(rule.endpoint, {"id": 7, "more": "a b"}, "GET") == "/api/v1/jobs/7?more=a+b"
    )


# -- defaults -------------------------------------------------------------------------------
def test_nothing_around_it_turns_on_debugging(app):
    assert not app.debug
    assert not app.testing
    assert not app.config["PROPAGATE_EXCEPTIONS"]


def test_no_cookie_of_flask_is_ever_signed(app):
    assert app.secret_key is None
    assert not app.test_client().get("/help/").headers.getlist("Set-Cookie")


def test_making_it_touches_neither_home_nor_database(app, tmp_path: Path):
    assert list(tmp_path.iterdir()) == []


def test_a_limit_that_cannot_be_read_is_refused_at_once(tmp_path: Path):
    with pytest.raises(RelatumError, match="sign_in_limit") as refusal:
        create_app(Config(home=tmp_path, sign_in_limit="many"))
    assert refusal.value.code == "setting_invalid"


# -- headers --------------------------------------------------------------------------------
PATHS = ("/", "/help/", "/help/errors", "/nowhere", "/api/docs", "/api/v1/health", "/api/v1/tokens")


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_says_what_a_browser_may_do_with_it(anybody, path):
    headers = anybody.get(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "X-Powered-By" not in headers
    assert headers["Cache-Control"] == "no-store"


def test_a_page_of_ours_runs_no_script(anybody):
    page = anybody.get("/")
    assert "script-src" not in page.headers["Content-Security-Policy"]
    assert "<script" not in page.text
    assert "style=" not in page.text


# -- hosts ----------------------------------------------------------------------------------
@pytest.mark.parametrize("host", ["localhost", "localhost:8000", "127.0.0.1:8000", "[::1]:8000"])
def test_a_loopback_name_is_trusted(anybody, host):
    assert anybody.get("/api/v1/health", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "localhost@evil", "127.0.0.2", "a b", ""]
)
def test_any_other_host_is_refused(anybody, refused, host):
    refused(anybody.get("/api/v1/health", headers={"Host": host}), 403, "host_not_trusted")
    assert anybody.get("/", headers={"Host": host}).status_code == 403


@pytest.mark.parametrize(
    ("settings", "host", "status"),
    [
        ({"base_url": "https://crm.example.org/"}, "crm.example.org", 200),
        ({"base_url": "https://crm.example.org/"}, "localhost", 200),
        ({"trusted_hosts": "crm.example.org, [::1]"}, "CRM.example.org:443", 200),
        ({"trusted_hosts": "crm.example.org"}, "localhost", 403),
        ({"trusted_hosts": ".example.org"}, "crm.example.org", 200),
        ({"trusted_hosts": ".example.org"}, "badexample.org", 403),
    ],
)
def test_the_settings_say_which_hosts_are_ours(config, settings, host, status):
    client = create_app(dataclasses.replace(config, **settings)).test_client()
    assert client.get("/api/v1/health", headers={"Host": host}).status_code == status


def test_what_a_proxy_says_is_believed_only_if_there_is_one(config):
    said = {"X-Forwarded-Host": "crm.example.org", "X-Forwarded-Proto": "https"}
    trusting = {"trusted_hosts": "crm.example.org"}
    direct = create_app(dataclasses.replace(config, **trusting)).test_client()
    behind = create_app(dataclasses.replace(config, proxies=1, **trusting)).test_client()
    assert direct.get("/api/v1/health", headers=said).status_code == 403
    assert behind.get("/api/v1/health", headers=said).status_code == 200


# -- health ---------------------------------------------------------------------------------
def test_health_needs_no_credential(anybody, database):
    answer = anybody.get("/api/v1/health")
    assert answer.get_json()["status"] == "ok"
    assert answer.get_json()["database"] == database


def test_health_is_503_for_an_instance_of_another_version(instance, anybody, refused):
    with instance.app.app_context(), db.engine().begin() as connection:
        connection.execute(sa.text("UPDATE core_epoch SET core = 99"))
    refused(anybody.get("/api/v1/health"), 503, "schema_newer")


def test_health_is_503_without_an_instance(tmp_path: Path, refused):
    client = create_app(Config(home=tmp_path)).test_client()
    body = refused(client.get("/api/v1/health"), 503, "not_initialised")
    assert str(tmp_path) not in body["detail"]


def test_health_is_503_when_the_database_is_gone(tmp_path: Path, refused, caplog):
    gone = Config(home=tmp_path, database_url="postgresql://nobody@127.0.0.1:9/none")
    body = refused(create_app(gone).test_client().get("/api/v1/health"), 503, "database_gone")
    assert "127.0.0.1" not in body["detail"]
    assert "127.0.0.1" in caplog.text


# -- errors: each way they arise, one shape -------------------------------------------------
JSON = {"Content-Type": "application/json"}


def test_without_a_credential_records_ask_for_one(anybody, refused):
    answer = anybody.get("/api/v1/records/contact")
    refused(answer, 401, "not_signed_in")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/api", "/api/v2/x", "/api/v1/records/user/0"])
def test_an_unknown_address_is_told_only_to_whoever_may_know(anybody, alice, refused, path):
    refused(anybody.get(path), 401, "not_signed_in")
    refused(alice.get(path), 404, "not_found")


@pytest.mark.parametrize("header", ["Basic YTpi", "Bearer", "Bearer ", "bearer"])
def test_another_scheme_is_no_credential(anybody, refused, header):
    refused(anybody.get("/api/v1/tokens", headers={"Authorization": header}), 401, "not_signed_in")


def test_a_token_that_does_not_exist_is_refused(anybody, refused):
    header = {"Authorization": "Bearer rlt_unknown"}
    refused(anybody.get("/api/v1/tokens", headers=header), 401, "token_invalid")


def test_a_user_without_rights_is_refused(instance, refused):
    refused(instance.client(instance.bob).get("/api/v1/records/user"), 403, "forbidden")


def test_a_wrong_method_names_the_right_ones(alice, refused):
    answer = alice.delete("/api/v1/health")
    refused(answer, 405, "method_unknown")
    assert answer.headers["Allow"] == "GET, HEAD"


@pytest.mark.parametrize("name", ["_limits", "x", "_filter"])
def test_an_unknown_parameter_is_refused(alice, refused, name):
    body = refused(alice.get(f"/api/v1/tokens?{name}=1"), 400, "bad_parameter")
    assert name in body["detail"]


def test_an_unknown_word_of_a_list_is_no_filter(alice, refused):
    refused(alice.get("/api/v1/records/user?_limits=1"), 400, "bad_parameter")


@pytest.mark.parametrize(
    ("sent", "code", "status"),
    [
        (b"", "bad_json", 400),
        (b"{", "bad_json", 400),
        (b'{"a": 1} x', "bad_json", 400),
        (b'{"name": NaN}', "bad_json", 400),
        (b'"\xff"', "bad_json", 400),
        (b"[1]", "bad_body", 400),
        (b"null", "bad_body", 400),
        (b'{"nam": 1}', "invalid", 422),
        (b'{"name": {"a": 1}}', "invalid", 422),
    ],
)
def test_a_body_that_is_no_record_is_refused(alice, refused, sent, code, status):
    refused(alice.post("/api/v1/records/team", data=sent, headers=JSON), status, code)


@pytest.mark.parametrize("kind", ["text/plain", "application/json; charset=latin-1", ""])
def test_a_body_of_another_kind_is_refused(alice, refused, kind):
    answer = alice.post("/api/v1/records/team", data=b"{}", headers={"Content-Type": kind})
    refused(answer, 415, "media_type")


def test_a_bug_is_logged_and_says_nothing_of_itself(instance, alice, refused, caplog, monkeypatch):
    def broken(*args, **kwargs):
        raise ZeroDivisionError("the secret")

    monkeypatch.setattr("relatum.core.records.get", broken)
    answer = alice.get("/api/v1/records/user/1")
    number = refused(answer, 500, "internal")["detail"].rpartition(" ")[2].strip(".")
    assert "the secret" not in answer.text
    assert number in caplog.text
    assert "the secret" in caplog.text


def test_a_busy_pool_asks_to_come_again(instance, refused):
    with instance.app.test_request_context("/api/v1/health"):
        answer = problems.answer(sa.exc.TimeoutError())
        answer.headers["Cache-Control"] = "no-store"
        refused(answer, 503, "database_busy")
        assert answer.headers["Retry-After"] == "1"


def test_a_browser_gets_a_page_instead(anybody):
    answer = anybody.get("/nowhere", headers={"Accept": "text/html"})
    assert (answer.status_code, answer.mimetype) == (404, "text/html")
    assert 'href="/help/errors#not_found"' in answer.text


def test_what_was_sent_cannot_write_into_a_page(anybody):
    answer = anybody.get("/<script>alert(1)</script>", headers={"Accept": "text/html"})
    assert "<script" not in answer.text


# -- limits ---------------------------------------------------------------------------------
@pytest.fixture
def tight(config, instance):
    """A client of an application with small limits."""
    limits = {"body_limit": 2000, "bulk_limit": 2, "json_depth": 4, "filter_conditions": 2}
    client = create_app(dataclasses.replace(config, **limits)).test_client()
    client.environ_base.update(instance.client(instance.alice).environ_base)
    return client


@pytest.mark.parametrize(
    ("method", "path", "sent", "status", "code"),
    [
        ("POST", "/records/team", {"name": "x" * 3000}, 413, "body_too_large"),
        ("POST", "/records/team/bulk", {"records": [{"name": "x"}] * 3}, 413, "bulk_limit"),
        ("POST", "/records/team", {"name": [[[[]]]]}, 422, "json_depth"),
        (
            "POST", "/records/team/query",
            {"filter": {"and": [{"field": "name", "value": n} for n in "abc"]}},
            422, "filter_conditions",
        ),
        ("POST", "/records/team/query", {"limit": 501}, 422, "page_limit"),
    ],
)  # fmt: skip
def test_a_limit_answers_with_its_name(tight, refused, method, path, sent, status, code):
    body = refused(tight.open(f"/api/v1{path}", method=method, json=sent), status, code)
    named = {"body_too_large": "body_limit"}.get(code, code)
    assert named in body["detail"]


def test_a_body_in_chunks_has_the_same_limit(tight, refused):
    def send(size):
        body = io.BytesIO(b'{"name": "x"}' + b" " * (size - 13))
        return tight.post(
            "/api/v1/records/team",
            input_stream=body,
            headers={"Transfer-Encoding": "chunked", "Content-Type": "application/json"},
            environ_overrides={"wsgi.input_terminated": True},
        )

    assert send(1999).status_code == 201
    refused(send(2001), 413, "body_too_large")


def test_without_a_credential_a_large_body_is_not_even_read(tight, refused):
    tight.environ_base.pop("HTTP_AUTHORIZATION")
    answer = tight.post("/api/v1/records/team", json={"name": "x" * 3000})
    refused(answer, 401, "not_signed_in")
