"""Settings: defaults, then the file, then the environment; a wrong one is named with its rule."""

from __future__ import annotations

import pytest

from relatum.core import db, install
from relatum.core.config import SETTINGS, Config, load
from relatum.core.errors import RelatumError


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"


def written(home, text):
    home.mkdir(exist_ok=True)
    (home / "settings.toml").write_text(text, encoding="utf-8")
    return home


def refused(*args):
    with pytest.raises(RelatumError) as caught:
        load(*args)
    return caught.value


def test_without_a_file_and_environment_the_defaults_hold(home):
    assert load(home, {}) == Config(home=home)


def test_the_environment_goes_before_the_file_and_the_file_before_the_defaults(home):
    written(home, "page_limit = 100\nthreads = 4\n")
    told = load(home, {"RELATUM_PAGE_LIMIT": "50"})
    assert (told.page_limit, told.threads, told.page_default) == (50, 4, 50)


def test_the_home_is_named_by_the_caller_the_environment_or_is_the_folder_instance(
    home, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    assert load(home, {"RELATUM_HOME": "/elsewhere"}).home == home
    assert load(None, {"RELATUM_HOME": str(home)}).home == home
    assert load(None, {"RELATUM_HOME": ""}).home == tmp_path / "instance"


@pytest.mark.parametrize("known", SETTINGS, ids=lambda known: known.name)
def test_every_setting_has_a_help_text_and_a_default_that_it_allows(home, known):
    assert known.metadata["help"].endswith((".", "org"))
    environ = {f"RELATUM_{known.name.upper()}": str(known.default)}
    assert getattr(load(home, environ), known.name) == known.default


def test_an_unknown_setting_names_the_nearest(home):
    error = refused(written(home, "page_limt = 5\n"), {})
    assert (error.code, "'page_limit'" in str(error)) == ("setting_unknown", True)


@pytest.mark.parametrize(
    "url",
    [
        "6379", "http://h", "redis:", "redis://", "redis://h:port", "redis://h:0", "redis://h/zero",
        "amqp://alice:hidden@h", "redis://alice:hidden@h:99999/0", "redis://alice:hidden@[h/0",
        "redis://alice:hidden@/0", "redis://alice:hidden@h/hidden2x/0",
    ],
)  # fmt: skip
def test_a_queue_that_is_none_is_refused_without_saying_the_password(home, url):
    error = refused(home, {"RELATUM_QUEUE_URL": url})
    assert error.code == "queue_url_invalid"
    assert "hidden@" not in str(error)
    assert "alice" not in str(error)


@pytest.mark.parametrize(
    "url", ["redis://h", "redis://:s@h:6379/3", "rediss://u:p@h/0", "unix:///run/redis.sock?db=1"]
)
def test_a_queue_may_be_a_redis_server(home, url):
    assert load(home, {"RELATUM_QUEUE_URL": url}).queue_url == url


def test_a_queue_in_redis_needs_its_driver(home, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    assert refused(home, {"RELATUM_QUEUE_URL": "redis://h"}).code == "queue_driver_missing"


def test_other_variables_of_the_environment_are_let_alone(home):
    load(home, {"RELATUM_TEST_POSTGRESQL": "x", "PATH": "/bin"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("threads", "many"),
        ("threads", ""),
        ("threads", "0"),
        ("threads", "-1"),
        ("threads", "2.5"),
        ("threads", "nan"),
        ("page_limit", "0"),
        ("prepare_threshold", "-2"),
        ("busy_timeout", "nan"),
        ("busy_timeout", "inf"),
        ("busy_timeout", "0"),
        ("read_timeout", "-0.5"),
        ("sqlite_synchronous", "SOMETIMES"),
    ],
)
def test_a_value_that_breaks_the_rule_is_refused_by_name(home, name, value):
    error = refused(home, {f"RELATUM_{name.upper()}": value})
    assert (error.code, name in str(error)) == ("setting_invalid", True)


@pytest.mark.parametrize("value", ["true", "[1]", "2026-01-01", "{ a = 1 }", "2.5"])
def test_a_value_of_the_file_must_be_of_its_kind(home, value):
    assert refused(written(home, f"threads = {value}\n"), {}).code == "setting_invalid"


@pytest.mark.parametrize("name", ["read_timeout", "proxies", "fill_limit"])
def test_zero_is_possible_where_it_means_something(home, name):
    assert getattr(load(home, {f"RELATUM_{name.upper()}": "0"}), name) == 0


@pytest.mark.parametrize("text", ["threads = ", "threads = 1\nthreads = 2", "\x00"])
def test_a_file_that_is_not_toml_is_named(home, text):
    error = refused(written(home, text), {})
    assert (error.code, "settings.toml" in str(error)) == ("settings_unreadable", True)


def test_a_file_that_is_not_utf8_is_named(home):
    written(home, "")
    (home / "settings.toml").write_bytes(b"base_url = '\xff'")
    assert refused(home, {}).code == "settings_unreadable"


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("postgresql://u@h/d", "postgresql+psycopg://u@h/d"),
        ("postgres://u@h/d", "postgresql+psycopg://u@h/d"),
        ("sqlite:////tmp/a.db", "sqlite:////tmp/a.db"),
    ],
)
def test_the_address_of_the_database_is_completed(home, given, url):
    assert load(home, {"RELATUM_DATABASE_URL": given}).url == url


@pytest.mark.parametrize(
    ("given", "code"),
    [("mysql://u@h/d", "database_unsupported"), ("nonsense", "setting_invalid")],
)
def test_an_address_that_means_no_database_of_ours_is_refused(home, given, code):
    with pytest.raises(RelatumError) as caught:
        db.engine_for(Config(home=home, database_url=given))
    assert caught.value.code == code


def test_a_home_may_have_blanks_and_signs_in_its_name(tmp_path):
    home = tmp_path / "Äcme & Co #1 100%"
    config = load(home, {"RELATUM_SQLITE_SYNCHRONOUS": "OFF"})
    from flask import Flask

    app = Flask("relatum.test")
    db.init_app(app, config)
    with app.app_context():
        install.install(
            currency="EUR", timezone="UTC", language="en", admin_email="alice@example.org"
        )
        with db.reading():
            pass
    db.dispose(config)
    assert (home / "relatum.db").exists()


def test_a_home_with_a_question_mark_is_refused(tmp_path):
    assert refused(tmp_path / "what?", {}).code == "home_unusable"


@pytest.mark.parametrize(
    "text",
    [
        "sso.example.org", "ftp://sso.example.org", "https://", "https://user@sso.example.org",
        "https://sso.example.org?x=1", "https://sso.example.org#x", "https://sso.example.org:x",
        "https://sso.example.org:0", "https://[", "https://sso .example.org",
    ],
)  # fmt: skip
def test_what_no_sign_in_provider_calls_itself_is_refused(home, text):
    error = refused(home, {"RELATUM_OIDC_ISSUER": text, "RELATUM_OIDC_CLIENT_ID": "crm"})
    assert (error.code, error.params["name"]) == ("setting_refused", "oidc_issuer")


def test_a_sign_in_provider_knows_the_instance_by_a_name(home):
    error = refused(home, {"RELATUM_OIDC_ISSUER": "https://sso.example.org"})
    assert (error.code, error.params["name"]) == ("setting_refused", "oidc_client_id")


def test_the_secret_of_the_sign_in_provider_is_shown_nowhere(home):
    told = {"RELATUM_OIDC_CLIENT_SECRET": "geheim"}
    assert "geheim" not in repr(load(home, told))
    error = refused(home, {"RELATUM_OIDC_CLIENT_SECRET": "geheim\u00e4"})
    assert (error.code, "geheim" in str(error)) == ("setting_refused", False)
