"""Every process says which set of plugins it serves, also when nobody asks it anything."""

from __future__ import annotations

import dataclasses
import sys
import threading
import time
from datetime import timedelta

import pytest
import sqlalchemy as sa

from relatum.core import clock, db, heartbeat, jobs, plugin_host, serve, worker
from relatum.core.dispatch import Application
from relatum.core.errors import RelatumError
from relatum.core.plugin_host import imported, workers

from .homes import Shell
from .installed import installed
from .instances import prepared
from .plugged import client, disable, enable, put, served, small, token_of, with_loyalty
from .workers import until


@prepared
def loyal(instance):
    """Return an instance with companies and loyalty cards."""
    with_loyalty(instance)


@pytest.fixture
def quick(monkeypatch):
    """Let processes look for newer plugins every few milliseconds."""
    monkeypatch.setattr(heartbeat, "LOOK_EVERY", 0.02)


@pytest.fixture
def beating(loyal, quick):
    """Return two applications that give signs of life."""
    made = [Application(loyal.config, beating=True) for _ in range(2)]
    for each in made:
        each.heart.start()
        assert each.heart.first.wait(10)
    yield made
    for each in made:
        each.close()


def seen(instance):
    with instance.reading():
        return plugin_host.convergence()


def test_idle_processes_come_to_the_newest_set_by_themselves_and_say_so(loyal, beating):
    assert until(lambda: seen(loyal).done) and seen(loyal).alive == 2
    before = seen(loyal)
    assert before.since is not None
    disable(loyal, "loyalty")
    assert seen(loyal).newest in (0, 1, 2)
    after = until(lambda: (found := seen(loyal)).done and found)
    assert (after.alive, after.newest, after.generation) == (2, 2, before.generation + 1)
    assert after.since > before.since
    assert [each.generation for each in beating] == [after.generation] * 2


def test_a_process_says_which_code_of_plugins_it_runs(loyal, beating):
    [one, _] = until(lambda: (found := seen(loyal)).alive == 2 and found).workers
    assert one.loaded["loyalty"]["version"] == "1.0.0"
    assert len(one.loaded["loyalty"]["digest"]) == 12 and one.loaded["loyalty"]["stale"] is None
    shown = loyal.read(plugin_host.show, "loyalty")["workers"]
    assert (shown["alive"], shown["newest"], shown["processes"][0]["kind"]) == (2, 2, "web")


def test_a_process_that_ends_takes_its_sign_away(loyal, beating):
    until(lambda: seen(loyal).alive == 2)
    beating[0].close()
    assert seen(loyal).alive == 1


def test_who_is_silent_or_dead_does_not_count(loyal):
    now = clock.now()
    far = workers.Worker(
        id="far", kind="web", place="elsewhere", pid=1, generation=1, oldest=1, code=1, loaded={},
        started_at=now, since=now, seen_at=now,
    )  # fmt: skip
    dead = dataclasses.replace(far, id="dead", place=jobs.place(), pid=2**22 + 1)
    with loyal.app.app_context():
        db.transact(lambda: [workers.sign(each) for each in (far, dead)])
    assert [each.id for each in seen(loyal).workers] == ["far"]
    with clock.frozen(now + timedelta(seconds=31)):
        assert seen(loyal).alive == 0


def test_dropping_waits_for_what_was_begun_by_an_older_set(loyal, beating):
    until(lambda: seen(loyal).done)
    disable(loyal, "loyalty")
    generation = seen(loyal).generation
    with loyal.app.app_context():
        assert plugin_host.wait_converged(generation, 10)
        with beating[0].newest.at_work():
            enable(loyal, "loyalty")
            assert not plugin_host.wait_converged(generation + 1, 0.3)
        assert until(lambda: seen(loyal).done)
        assert plugin_host.wait_converged(generation + 1, 10)


def test_an_answer_is_at_work_until_the_server_has_closed_it(loyal):
    with served(loyal) as application:
        pages = client(application)
        answer = pages.get("/x/loyalty/hello", buffered=False)
        disable(loyal, "loyalty")
        assert pages.get("/x/loyalty/hello", buffered=True).status_code == 404
        assert application.newest.oldest == application.generation - 1
        answer.close()
        assert application.newest.oldest == application.generation


def test_a_jobs_process_says_it_too_and_ends_to_begin_anew_when_new_code_is_asked_for(
    loyal, quick, monkeypatch
):
    monkeypatch.setattr(worker, "IDLE", 0.02)
    made = worker.Worker(loyal.config)
    thread = threading.Thread(target=made.run)
    thread.start()
    try:
        [row] = until(lambda: seen(loyal).workers)
        assert row.kind == "jobs"
        assert loyal.write(plugin_host.reload) == 1
        thread.join(10)
        assert made.is_outdated and not thread.is_alive()
    finally:
        made.stop()
        thread.join()
    assert seen(loyal).alive == 0


def test_a_web_worker_asks_once_for_another_in_its_place(loyal, beating):
    asked: list[str] = []
    beating[0].heart.outdated = lambda: asked.append("now")
    until(lambda: seen(loyal).done)
    loyal.write(plugin_host.reload)
    until(lambda: asked)
    time.sleep(0.1)
    assert asked == ["now"]
    assert seen(loyal).renewed == 0 and not seen(loyal).done


def test_the_api_says_who_serves_the_newest_set(loyal, beating):
    until(lambda: seen(loyal).done)
    api = client(beating[0], token_of(loyal))
    answer = api.post("/api/v1/plugins/loyalty/disable")
    assert answer.status_code == 200
    wanted = int(answer.headers["Relatum-Generation"])
    told = until(
        lambda: (
            (found := api.get("/api/v1/plugins").json["workers"])["newest"] == 2 and found
        )
    )  # fmt: skip
    assert (told["generation"], told["alive"]) == (wanted, 2)
    assert api.get("/api/v1/plugins/loyalty").json["workers"]["generation"] == wanted
    assert api.post("/api/v1/plugin-workers/reload").json["renewed"] == 0


def test_commands_wait_until_all_who_serve_know_and_say_so(loyal, beating):
    until(lambda: seen(loyal).done)
    shell = Shell(serve.environment(loyal.config))
    generation = seen(loyal).generation + 1
    told = f"Disabled loyalty.\n2 of 2 workers on generation {generation}.\n"
    assert shell.said("plugins", "disable", "loyalty").endswith(told)
    enabled = shell.json("plugins", "enable", "loyalty", "--no-wait")["workers"]
    assert (enabled["generation"], enabled["alive"]) == (generation + 1, 2)
    until(lambda: seen(loyal).done)
    listed = shell.said("plugins", "list")
    assert listed.endswith(f"2 of 2 workers on generation {generation + 1}.\n")
    shown = shell.said("plugins", "show", "loyalty")
    assert f"generation {generation + 1}, version 1.0.0\n" in shown
    reloaded = shell.said("plugins", "reload", "--no-wait")
    assert "2 with former code, to be replaced." in reloaded


def test_a_worker_that_leaves_closes_the_connection_after_each_answer(loyal):
    with served(loyal) as application:
        application._told("leave", "")
        assert client(application).get("/x/loyalty/hello").headers["Connection"] == "close"


# -- new code -------------------------------------------------------------------------------
@pytest.fixture
def tiny(loyal, tmp_path, monkeypatch):
    """Return the folder of distributions in which the plugin tiny is installed and enabled."""
    site = tmp_path / "site"
    installed(site, "tiny", "1.0")
    monkeypatch.syspath_prepend(str(site))
    yield site
    for name in [name for name in sys.modules if f"{name}.".startswith("tiny.")]:
        del sys.modules[name]
    imported._CODES.pop("tiny", None)


@pytest.fixture
def application(loyal, tiny):
    """Return an application in which version 1.0 of tiny is imported."""
    enable(loyal, "tiny")
    with served(loyal) as made:
        assert client(made).get("/x/tiny/version").text == "tiny 1.0"
        yield made


def reread(application, instance):
    """Let an application build once more, as another plugin would."""
    for verb in (disable, enable):
        verb(instance, "loyalty")
    client(application).get("/x/loyalty/hello")
    application.heart.sign()


def test_old_code_goes_on_serving_while_its_version_is_enabled(loyal, application, tiny):
    installed(tiny, "tiny", "2.0")
    reread(application, loyal)
    assert client(application).get("/x/tiny/version").text == "tiny 1.0"
    shown = loyal.read(plugin_host.show, "tiny")
    assert (shown["state"], shown["fault"]) == ("enabled", "restart_required")
    assert "1 of 1 workers: version 2.0 is there, and this process runs 1.0" in shown["reason"]
    [row] = loyal.sql("SELECT fault, version FROM core_plugin WHERE id = 'tiny'")
    assert (row.fault, row.version) == (None, "1.0")


def test_changed_files_of_the_same_version_want_a_new_process_too(loyal, application, tiny):
    installed(tiny, "tiny", "1.0", more="!")
    reread(application, loyal)
    assert client(application).get("/x/tiny/version").text == "tiny 1.0"
    assert loyal.read(plugin_host.show, "tiny")["fault"] == "restart_required"
    installed(tiny, "tiny", "1.0")  # touched, and the same again
    application.heart.sign()
    assert loyal.read(plugin_host.show, "tiny")["fault"] is None


def test_a_process_that_nobody_replaces_leaves_out_what_is_enabled_in_another_version(
    loyal, application, tiny
):
    installed(tiny, "tiny", "2.0")
    changed = sa.text("UPDATE core_plugin SET version = '2.0' WHERE id = 'tiny'")
    loyal.write(lambda *, actor: db.current().connection.execute(changed))  # noqa: ARG005
    reread(application, loyal)
    assert client(application).get("/x/tiny/version").status_code == 404
    assert loyal.read(plugin_host.show, "tiny")["fault"] == "restart_required"
    application.newest.is_replaced = True
    reread(application, loyal)
    assert client(application).get("/x/tiny/version").text == "tiny 1.0"


def test_a_process_with_former_code_does_not_plan_by_it(loyal, application, tiny):
    installed(tiny, "tiny", "2.0")
    with pytest.raises(RelatumError, match="relatum plugins enable tiny") as refused:
        loyal.read(plugin_host.plan_enable, "tiny")
    assert refused.value.code == "plugin_restart"


def test_a_failed_import_leaves_nothing_behind_that_the_next_one_would_take(loyal, tiny):
    (tiny / "tiny" / "part.py").write_text("VALUE = 1\n")
    main = tiny / "tiny" / "__init__.py"
    good = main.read_text()
    main.write_text(f"from . import part\nraise ImportError(part.VALUE)\n{good}")
    with pytest.raises(RelatumError, match="ImportError: 1"):
        enable(loyal, "tiny")
    (tiny / "tiny" / "part.py").write_text("VALUE = 22\n")
    main.write_text(f"from . import part\nassert part.VALUE == 22\n{good}")
    enable(loyal, "tiny")
    assert "tiny" in loyal.read(plugin_host.show, "tiny")["id"]


def test_a_file_of_the_home_is_never_former_code(loyal):
    put(loyal, "small", small("small"))
    enable(loyal, "small")
    with served(loyal) as application:
        client(application).get("/x/loyalty/hello")
        put(loyal, "small", small("small", "LATER = 1\n"))
        reread(application, loyal)
        assert loyal.read(plugin_host.show, "small")["fault"] is None


def test_a_process_without_a_place_says_nothing_of_itself_or_of_plugins(loyal):
    put(loyal, "broken", small("broken"))
    enable(loyal, "broken")
    put(loyal, "broken", small("broken", "raise ImportError('not today')\n"))
    with served(loyal) as application:
        application.heart.is_silent = True
        client(application).get("/x/loyalty/hello")
        application.heart.sign()
        assert seen(loyal).alive == 0
        assert loyal.read(plugin_host.show, "broken")["fault"] is None
        application._told("take", None)
        assert seen(loyal).alive == 1
        assert loyal.read(plugin_host.show, "broken")["fault"] == "quarantined"
