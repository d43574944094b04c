"""Plugins that go wrong in every way that one can think of: the instance answers throughout."""

from __future__ import annotations

import re
import shutil
from typing import Any

import pytest

from relatum.core import jobs, plugin_host
from relatum.core.errors import RelatumError
from relatum.core.hooks import costs

from .plugged import change, client, disable, enable, put, served, small, token_of

NOTES = "/api/v1/records/x_note"
#: A plugin beside the hostile one, which must go on serving.
GOOD = """
from flask import Blueprint
from relatum import Routes, requires
pages = Blueprint("pages", __name__)
@pages.get("/here")
@requires(public=True)
def here(): return "here"
@hookimpl
def relatum_routes(): return Routes(pages=pages)
"""
_ROUTES = """
from flask import Blueprint
from relatum import Permission, Routes, requires
pages = Blueprint("pages", __name__)
{}
@hookimpl
def relatum_routes(): return Routes(pages=pages)
"""


def hook(name: str, body: str, arguments: str = "") -> str:
    """Return the text of a plugin with one hook."""
    return small("bad", f"@hookimpl\ndef {name}({arguments}): {body}\n")


def routes(text: str) -> str:
    """Return the text of a plugin with pages."""
    return small("bad", _ROUTES.format(text))


#: What is wrong, the text of the plugin, and words of the reason that an administrator reads.
BUILT: dict[str, tuple[str, str]] = {
    "an import that fails": (f"import no_such_module\n{small('bad')}", "No module named"),
    "an exception at import": (f"1 / 0\n{small('bad')}", "ZeroDivisionError"),
    "an exit at import": (f"raise SystemExit(3)\n{small('bad')}", "SystemExit"),
    "no memory at import": (f"raise MemoryError\n{small('bad')}", "MemoryError"),
    "endless recursion at import": (
        small("bad", "def f(): return f()\nf()\n"), "RecursionError",
    ),
    "a syntax error": (small("bad", "def ("), "can't be read"),
    "bytes that are no text": (small("bad", "\udcff"), "can't be read"),
    "no Plugin(...)": ("x = 1\n", "has no line: plugin = Plugin"),
    "another one's id": (small("other"), "it calls itself 'other'"),
    "a Plugin that changes as it runs": (
        small("bad", "plugin = Plugin(id='bad', name='Good', version='1.0')\n"),
        "says something else",
    ),
    "no variable plugin": (small("bad", "del plugin\n"), "no variable plugin"),
    "hooks of another API": (
        'from relatum import Plugin\nplugin = Plugin(id="bad", name="bad", version="1.0", '
        'api=">=9")\n',
        "written for hooks >=9",
    ),
    "a requirement that is not there": (small("bad", requires={"gone": ">=1"}), "requires 'gone'"),
    "a capability that there is none of": (
        'from relatum import Plugin\nplugin = Plugin(id="bad", name="bad", version="1.0", '
        'capabilities=["fly"])\n',
        "no capability 'fly'",
    ),
    "a hook that there is none of": (hook("relatum_nonsense", "pass"), "relatum_nonsense"),
    "a hook with a strange argument": (
        hook("relatum_before_write", "pass", "batch, session"), "session",
    ),
    "a hook with a default": (hook("relatum_before_write", "pass", "batch=None"), "default"),
    "a hook that pushes ahead": (
        small(
            "bad",
            "import pluggy\n@pluggy.HookimplMarker('relatum')(tryfirst=True)\n"
            "def relatum_before_write(batch): pass\n",
        ),
        "tryfirst",
    ),
    "an exit in a hook of the build": (
        hook("relatum_jobs", "raise SystemExit(3)"), "SystemExit",
    ),
    "jobs that are none": (hook("relatum_jobs", "return [1]"), "jobs.Kind"),
    "a job of another's name": (
        small(
            "bad",
            "from relatum import jobs\n@hookimpl\ndef relatum_jobs():\n"
            "    return [jobs.Kind(name='sales_all', title='x', run=print)]\n",
        ),
        "must begin with 'bad_'",
    ),
    "a permission of another's name": (
        small(
            "bad",
            "from relatum import Permission\n@hookimpl\ndef relatum_permissions():\n"
            "    return [Permission('desk.use', 'Use')]\n",
        ),
        "must begin with 'bad.'",
    ),
    "a field type that is none": (hook("relatum_field_types", "return [int]"), "field types"),
    "a field type of the kernel's name": (
        small(
            "bad",
            "from relatum import fields\nclass Mine(fields.Integer):\n    kind = 'integer'\n"
            "@hookimpl\ndef relatum_field_types(): return [Mine]\n",
        ),
        "must begin with 'bad_'",
    ),
    "a hook published under another's name": (
        small(
            "bad",
            "from relatum import hookspec\n@hookspec('collect')\ndef desk_slots(): pass\n"
            "@hookimpl\ndef relatum_hookspecs(): return [desk_slots]\n",
        ),
        "must begin with 'bad_'",
    ),
    "routes that are none": (hook("relatum_routes", "return 'no'"), "must return Routes"),
    "a view without a word on who may": (routes("@pages.get('/a')\ndef a(): ..."), "who may use"),
    "two views at one address": (
        routes(
            "@pages.get('/a')\n@requires(public=True)\ndef a(): ...\n"
            "@pages.get('/a')\n@requires(public=True)\ndef b(): ..."
        ),
        "two views answer",
    ),
    "a hand in everybody's requests": (
        routes("@pages.before_app_request\ndef early(): ..."), "not its own",
    ),
    "pages at the root": (
        small(
            "bad",
            "from flask import Blueprint\nfrom relatum import Routes, Shell\n@hookimpl\n"
            "def relatum_routes():\n"
            "    return Routes(shell=Shell(Blueprint('b', __name__), print))\n",
        ),
        "shell=True",
    ),
}  # fmt: skip


@pytest.fixture
def noted(instance):
    instance.make_type("x_note", {"name": "text", "kind": "text"})
    put(instance, "good", small("good", GOOD))
    enable(instance, "good")
    yield instance
    costs.forget("bad")


def serves(asking: Any) -> None:
    """Assert that records are written and read, and that the good plugin answers."""
    assert asking.post(NOTES, json={"text": "written"}).status_code == 201
    assert asking.get(NOTES).status_code == 200
    assert asking.get("/x/good/here").text == "here"
    assert asking.get("/api/v1/health").status_code == 200


@pytest.mark.parametrize("name", BUILT)
def test_a_plugin_that_can_not_be_built_is_left_out_and_nobody_notices(noted, name):
    text, reason = BUILT[name]
    put(noted, "bad", small("bad"))
    enable(noted, "bad")
    path = noted.config.home / "plugins" / "bad.py"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with served(noted) as application:
        asking = client(application, token_of(noted))
        serves(asking)
        application.close()
        found = noted.read(plugin_host.show, "bad")
        assert found["state"] == "enabled", "what is wished stays"
        assert found["fault"] in ("quarantined", "incompatible")
        assert re.search(reason.replace("(", r"\("), found["reason"]), found["reason"]


@pytest.mark.parametrize("name", BUILT)
def test_a_plugin_that_can_not_be_built_is_not_enabled(noted, name):
    put(noted, "bad", "")
    path = noted.config.home / "plugins" / "bad.py"
    path.write_bytes(BUILT[name][0].encode("utf-8", "surrogateescape"))
    with pytest.raises(RelatumError) as refused:
        enable(noted, "bad")
    assert refused.value.code in ("plugin_unfit", "plugin_requires")
    assert noted.read(plugin_host.show, "bad")["state"] == "available"


DECLARED = {
    "an exception": ("1 / 0", "ZeroDivisionError"),
    "no document": ("return 7", "types and extensions"),
    "a type without its prefix": (
        "return {'types': [{'name': 'note', 'label': 'Note'}]}", "must begin with 'bad_'",
    ),
    "another's type": ("return {'types': [{'name': 'x_note', 'label': 'Mine'}]}", "x_note"),
    "a field without its prefix": (
        "return {'extensions': [{'type': 'x_note', 'fields': [{'name': 'a', 'kind': 'text'}]}]}",
        "must begin with 'bad_'",
    ),
    "a field on a type that is not there": (
        "return {'extensions': [{'type': 'gone', 'fields': [{'name': 'bad_a', 'kind': 'text'}]}]}",
        "gone",
    ),
    "a kind of field that there is none of": (
        "return {'types': [{'name': 'bad_a', 'label': 'A', 'fields': "
        "[{'name': 'a', 'kind': 'nonsense'}]}]}",
        "nonsense",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", DECLARED)
def test_declarations_that_are_wrong_change_nothing(noted, name):
    body, reason = DECLARED[name]
    put(noted, "bad", hook("relatum_declare", body))
    with noted.reading():
        before = noted.catalog.generation
    with pytest.raises(RelatumError, match=reason):
        enable(noted, "bad")
    with noted.reading():
        assert noted.catalog.generation == before
    assert noted.read(plugin_host.show, "bad")["state"] == "available"


def test_two_plugins_of_one_id_are_both_left_out(noted):
    put(noted, "bad", small("bad"))
    enable(noted, "bad")
    folder = noted.config.home / "plugins" / "bad"
    folder.mkdir()
    shutil.copy(noted.config.home / "plugins" / "bad.py", folder / "__init__.py")
    with served(noted) as application:
        serves(client(application, token_of(noted)))
        application.close()
    assert "there are two of that id" in noted.read(plugin_host.show, "bad")["reason"]


def test_a_plugin_whose_files_are_gone_leaves_its_records_to_be_read(noted):
    fields = "[{'name': 'name', 'kind': 'text'}]"
    declare = f"return {{'types': [{{'name': 'bad_a', 'label': 'A', 'fields': {fields}}}]}}"
    put(noted, "bad", hook("relatum_declare", declare))
    enable(noted, "bad")
    noted.create("bad_a", {"name": "kept"})
    (noted.config.home / "plugins" / "bad.py").unlink()
    with served(noted) as application:
        asking = client(application, token_of(noted))
        serves(asking)
        assert asking.get("/api/v1/records/bad_a").json["records"][0]["name"] == "kept"
        application.close()
    assert noted.read(plugin_host.show, "bad")["fault"] == "missing"


def test_a_template_that_would_stand_in_for_anothers_is_refused(noted):
    text = routes("").replace("__name__)", "__name__, template_folder='templates')")
    folder = noted.config.home / "plugins" / "bad"
    (folder / "templates" / "desk").mkdir(parents=True)
    (folder / "templates" / "desk" / "layout.html").write_text("mine now")
    (folder / "__init__.py").write_text(text)
    with pytest.raises(RelatumError, match=r"desk/layout\.html must lie in templates/bad/"):
        enable(noted, "bad")


# -- while it runs --------------------------------------------------------------------------
_ONLY = 'only={"types": ["x_note"]}'


@pytest.mark.parametrize("raised", ["1 / 0", "raise SystemExit(3)", "raise MemoryError"])
def test_a_hook_that_fails_refuses_the_write_and_names_its_plugin(noted, raised):
    text = f"@hookimpl({_ONLY})\ndef relatum_before_write(batch): {raised}\n"
    put(noted, "bad", small("bad", text))
    enable(noted, "bad")
    with served(noted) as application:
        asking = client(application, token_of(noted))
        refused = asking.post(NOTES, json={"text": "a"})
        assert (refused.status_code, refused.json["code"]) == (500, "hook_failed")
        assert "'bad'" in refused.json["detail"]
        assert asking.get(NOTES).json["records"] == []
        assert asking.get("/x/good/here").text == "here"
        disable(noted, "bad")
        serves(asking)


@pytest.mark.parametrize("raised", ["1 / 0", "raise SystemExit(3)", "raise MemoryError"])
def test_what_fails_after_the_commit_harms_nobody(noted, raised):
    text = f"@hookimpl({_ONLY})\ndef relatum_after_commit(changes): {raised}\n"
    put(noted, "bad", small("bad", text))
    enable(noted, "bad")
    with served(noted) as application:
        serves(client(application, token_of(noted)))


@pytest.mark.parametrize(
    "view",
    [
        "1 / 0", "raise SystemExit(3)", "return object()", "return None",
        "from relatum import db; db.transact(print)",
    ],
)  # fmt: skip
def test_a_view_that_fails_answers_500_at_its_own_address_alone(noted, view):
    put(noted, "bad", routes(f"@pages.get('/a')\n@requires(public=True)\ndef a():\n    {view}\n"))
    enable(noted, "bad")
    with served(noted) as application:
        asking = client(application, token_of(noted))
        assert asking.get("/x/bad/a").status_code == 500
        serves(asking)


JOB = """
from relatum import jobs
def leave(*_): raise SystemExit(3)
def run(chunk): return chunk.finish()
@hookimpl
def relatum_jobs(): return [jobs.Kind(name="bad_work", title="Work", attempts=1, {words})]
"""


@pytest.mark.parametrize("words", ["run=leave", "run=run, prepare=leave"])
def test_a_job_that_exits_is_tried_again_and_the_process_lives(noted, words):
    put(noted, "bad", small("bad", JOB.format(words=words)))
    enable(noted, "bad")
    job = change(noted, lambda _, actor: jobs.enqueue("bad_work", {}, actor=actor), "bad")
    with noted.app.app_context():
        assert jobs.run(job, by="test", pause=lambda: False) == "failed"  # type: ignore[arg-type]


def test_a_job_that_exits_while_it_is_asked_for_is_not_started_and_the_site_serves(noted):
    put(noted, "bad", small("bad", JOB.format(words="run=run, check=leave")))
    enable(noted, "bad")
    with served(noted) as application:
        asking = client(application, token_of(noted))
        assert asking.post("/api/v1/jobs", json={"kind": "bad_work"}).status_code == 500
        assert asking.get("/api/v1/jobs").json["jobs"] == []
        serves(asking)


def test_without_any_bundled_plugin_on_the_disk_the_core_and_own_types_work(
    instance, monkeypatch, tmp_path
):
    monkeypatch.setattr("relatum.core.plugin_host.discovery._FOLDER", tmp_path)
    instance.make_type("x_note", {"name": "text", "kind": "text"})
    with served(instance) as application:
        asking = client(application, token_of(instance))
        assert asking.post(NOTES, json={"text": "alone"}).status_code == 201
        assert asking.get(NOTES).json["records"][0]["text"] == "alone"
        assert asking.get("/api/v1/plugins").json["plugins"] == []
        assert asking.get("/").status_code in (200, 303)
