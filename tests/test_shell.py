"""The shell: the one plugin whose pages stand outside /api and /x."""

from __future__ import annotations

import pytest

from relatum.core import plugin_host, preferences
from relatum.core.errors import RelatumError

from .plugged import client, disable, enable, put, served, token_of

SHELL = """
from flask import Blueprint, Response, request
from relatum import Permission, Plugin, Routes, Shell, context, hookimpl, preferences
from relatum import reading, requires, transact
plugin = Plugin(id="{id}", name="Shell", version="1.0", shell={flag})
def refusal(error):
    if error.code == "{breaks}":
        raise ValueError("not drawn")
    return Response(f"<p>{{error.code}}</p>", status=error.status, mimetype="text/html")
@hookimpl
def relatum_permissions(): return [Permission("{id}.use", "Use it")]
@hookimpl
def relatum_routes():
    pages = Blueprint("pages", __name__)
    @pages.get("/")
    @requires(public=True)
    def home(): return "home of the shell"
    @pages.get("{address}")
    @requires("{id}.use")
    def desk(): return "desk"
    @pages.post("/in")
    @requires(public=True, own=True)
    def enter():
        with reading():
            pass
        return transact(lambda: "two transactions")
    @pages.post("/keep")
    @requires("{id}.use")
    def keep():
        preferences.put("said", request.args["said"], actor=context().actor)
        return "kept", int(request.args["status"])
    return Routes(shell=Shell(pages, refusal))
"""
HTML = {"Accept": "text/html"}


def shell(id_="house", *, flag=True, address="/desk", breaks="nothing"):
    return SHELL.format(id=id_, flag=flag, address=address, breaks=breaks)


@pytest.fixture
def house(instance):
    """Return an instance with a shell."""
    put(instance, "house", shell())
    enable(instance, "house")
    return instance


def test_the_shell_answers_from_the_root_on_and_the_api_stays(house):
    with served(house) as application:
        stranger = client(application)
        assert stranger.get("/").text == "home of the shell"
        assert stranger.get("/api/v1/health").status_code == 200
        assert client(application, token_of(house)).get("/desk").text == "desk"


def test_the_plain_pages_give_way_to_a_shell_and_come_back_without_it(house):
    with served(house) as application:
        assert client(application).get("/sign-in").status_code == 404
        disable(house, "house")
        answer = client(application).get("/sign-in", headers={"Relatum-Generation": "99"})
        assert (answer.status_code, "Password" in answer.text) == (200, True)


def test_errors_of_pages_are_drawn_by_the_shell(house):
    with served(house) as application:
        stranger = client(application)
        for path, status, code in (
            ("/nowhere", 404, "not_found"), ("/desk", 401, "not_signed_in"),
            ("/x/nothing", 404, "not_found"),
        ):  # fmt: skip
            answer = stranger.get(path, headers=HTML)
            assert (answer.status_code, answer.text) == (status, f"<p>{code}</p>")
        assert stranger.get("/nowhere").json["code"] == "not_found"


def test_an_error_that_the_shell_can_not_draw_is_a_plain_page(instance, caplog):
    put(instance, "house", shell(breaks="not_found"))
    enable(instance, "house")
    with served(instance) as application:
        answer = client(application).get("/nowhere", headers=HTML)
    assert (answer.status_code, "There is nothing at /nowhere" in answer.text) == (404, True)
    assert "the shell can't draw" in caplog.text


def test_pages_with_a_shell_run_scripts_of_files_and_no_others(house):
    with served(house) as application:
        policy = client(application).get("/").headers["Content-Security-Policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["script-src"] == rules["connect-src"] == "'self'"
    assert (rules["default-src"], rules["frame-ancestors"]) == ("'none'", "'none'")


def test_a_view_may_open_its_own_transactions(house):
    with served(house) as application:
        assert client(application).post("/in").text == "two transactions"


def test_an_answer_that_refuses_leaves_nothing_written(house):
    with served(house) as application:
        alice = client(application, token_of(house))
        assert alice.post("/keep?said=yes&status=200").status_code == 200
        refused = alice.post("/keep?said=no&status=422")
        assert (refused.status_code, refused.text) == (422, "kept")
    assert house.read(preferences.of) == {"said": "yes"}


def test_a_second_shell_is_refused_by_the_name_of_the_first(house):
    put(house, "other", shell("other"))
    with pytest.raises(RelatumError) as caught:
        enable(house, "other")
    assert (caught.value.code, "'house'" in str(caught.value)) == ("shell_taken", True)
    disable(house, "house")
    enable(house, "other")
    assert {p["id"]: p["state"] for p in house.read(plugin_host.list_plugins)}["other"] == "enabled"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (shell(flag=False), "shell=True"),
        (shell(address="/api/v2/mine"), "not the shell's"),
        (shell(address="/x/other"), "not the shell's"),
    ],
)
def test_a_shell_says_what_it_is_and_keeps_to_its_addresses(instance, text, reason):
    put(instance, "house", text)
    with pytest.raises(RelatumError) as caught:
        enable(instance, "house")
    assert (caught.value.code, reason in str(caught.value)) == ("plugin_unfit", True)
