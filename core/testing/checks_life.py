"""Checks of a plugin's life: it comes, goes and comes back, and nobody is worse off."""

from __future__ import annotations

from typing import Any

from .. import db, doctor, jobs, plugin_host, records
from ..app import create_app
from ..errors import RelatumError
from ..plugin_host import Loaded, states
from .bench import Bench, NotAsked, demand, without
from .client import Client
from .dumping import Dump, differences, dump, last_record, without_later
from .instances import Instance
from .making import Make


def importing_it_has_no_side_effects(bench: Bench) -> None:
    """Check that importing opens no database, socket, thread or file, and sets no environment."""
    told = bench.kit.imported().get(bench.id, ["nobody knows, since another can't be imported"])
    demand(
        told,
        "importing it does more than define things",
        "Do it in the hook, job or view that needs it: every process imports every plugin.",
    )


def two_builds_in_one_process_are_alike(bench: Bench) -> None:
    """Check that one process may build applications from the same module again and again."""
    app, active = bench.shared, bench.active
    with app.reading() as tx:
        known, number = states(tx.connection), tx.epochs.plugins
    sets: list[Loaded] = [plugin_host.load(known, number, app.config) for _ in range(2)]
    rule = "built a second time in one process it is not what it was"
    remedy = "Make what hooks return the same each time, and keep no state in the module."
    for each in sets:
        fault = each.faults.get(bench.id)
        demand([fault.reason] if fault else [], rule, remedy)
        brings = each.active[bench.id].brings()
        told = [name for name, what in active.brings().items() if brings.get(name) != what]
        demand(told, rule, remedy)
    apps = [create_app(app.config, each) for each in sets]
    addresses = [sorted(map(str, each.url_map.iter_rules())) for each in apps]
    demand([] if addresses[0] == addresses[1] else ["its addresses differ"], rule, remedy)


def disabled_and_enabled_again_it_finds_everything_as_it_was(bench: Bench) -> None:
    """Check that disabling stops the code and nothing else: schema and rows stay."""
    with bench.used() as (app, _):
        before = _comparable(dump(app))
        app.disable(bench.id)
        bench.kit.enable(app, bench.id)
        demand(
            differences(before, _comparable(dump(app))),
            "after disabling and enabling it the database is another",
            "Declare the same each time: what relatum_declare returns may depend on nothing.",
        )


def _comparable(found: Dump) -> Dump:
    """Return a dump without the instants of enabling, which are to differ."""
    return {**found, "core_plugin": found["core_plugin"].without("enabled_at", "installed_at")}


def purged_it_leaves_the_database_as_it_was_before_it_came(bench: Bench) -> None:
    """Check that, used and removed with its data, it leaves no table, column, row or right."""
    with bench.fresh(enabled=False) as app:
        before, last = dump(app), last_record(app)
        bench.kit.enable(app, bench.id)
        bench.sample(app)
        _purge(bench, app)
        # What its records needed of other types stays, as somebody's own would.
        after = without_later(dump(app), last)
        demand(
            differences(before, after),
            "removing it with its data leaves something behind",
            "Keep data in its types, fields, tables and settings alone: those are purged with it.",
        )


def _purge(bench: Bench, app: Instance) -> None:
    try:
        made = app.turn(plugin_host.uninstall, bench.id, purge=True)
    except RelatumError as error:
        if error.code not in ("plugin_needed", "plugin_shared"):
            raise
        raise NotAsked(f"others that are enabled here need it: {error}") from None
    if made.job is not None:
        with app.app.app_context():
            state = jobs.run(made.job, by="conformance", pause=lambda: False)
        if state != "done":
            told = app.read(jobs.get, made.job)
            demand([str(told["error"])], "its data can't be purged", "See what the job says.")


def removed_and_enabled_again_it_has_its_records_back(bench: Bench) -> None:
    """Check that what was removed without a purge is all there again on its return."""
    with bench.used() as (app, made):
        was = {name: app.get(name, id_) for name, id_ in made.items()}
        try:
            app.turn(plugin_host.uninstall, bench.id)
        except RelatumError as error:
            if error.code != "plugin_needed":
                raise
            raise NotAsked(f"others that are enabled here need it: {error}") from None
        bench.kit.enable(app, bench.id)
        told = [name for name, id_ in made.items() if app.get(name, id_) != was[name]]
        demand(
            told,
            "records of these types are not what they were after it was removed and came back",
            "Declare the same each time: what relatum_declare returns may depend on nothing.",
        )


def with_its_files_gone_its_data_can_be_read_and_deleted(bench: Bench) -> None:
    """Check that types and records outlive the code: nobody is locked out of his own data."""
    with (
        bench.used() as (app, made),
        without(bench.subject, app) as bare,
        bare.served() as application,
    ):
        client = Client(bare, application).of("Alice")
        told = [
            f"{address} answers {answer.status_code}"
            for name, id_ in made.items()
            for address in (f"/api/v1/records/{name}", f"/api/v1/records/{name}/{id_}")
            if (answer := client.get(address)).status_code != 200
        ]
        demand(told, "without its files its records can't be read", _OWN_KINDS)
        demand(_delete(bare, made), "without its files its records stay", _OWN_KINDS)


_OWN_KINDS = "Let its field types store as those that they build on, and its types stand alone."


def _delete(app: Instance, made: dict[str, int]) -> list[str]:
    """Delete records, those first that point to others; return what stays, and why."""
    left, told = dict(made), dict[str, str]()
    while left:
        before = len(left)
        for name, id_ in list(left.items()):
            [outcome] = app.write(records.delete, name, [{"id": id_}], partial=True)
            if outcome.status == "deleted" or not _alive(app, name, id_):
                del left[name]
            else:
                told[name] = "; ".join(problem.message for problem in outcome.problems)
        if len(left) == before:
            break
    return [f"{name} {id_}: {told[name]}" for name, id_ in left.items()]


def _alive(app: Instance, name: str, id_: int) -> bool:
    """Say whether a record is still there: it may have gone along with another."""
    try:
        app.get(name, id_)
    except RelatumError:
        return False
    return True


def a_record_of_each_of_its_types_can_be_made_changed_and_deleted(bench: Bench) -> None:
    """Check that the catalog knows what a type requires, so that forms and imports work."""
    if not bench.types:
        raise NotAsked("it has no types")
    app, told = bench.shared, list[str]()
    make = Make(app)
    for name in bench.types:
        try:
            made = make(name)
            row: dict[str, Any] = make.row(name)
            app.change(name, made["id"], **_plain(row))
            app.write(records.delete, name, [{"id": made["id"]}])
            app.write(records.restore, name, [{"id": made["id"]}])
        except LookupError as error:
            raise NotAsked(str(error)) from None
        except RelatumError as error:
            told.append(f"{name}: {error}")
    demand(
        told,
        "a record with what its type requires is refused",
        "Mark what a hook demands as required, or give it a default, so that forms can ask for it.",
    )


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """Return what can be written again: links may be for good."""
    return {name: value for name, value in row.items() if not isinstance(value, int)}


def its_steps_go_forth_back_and_forth_again(bench: Bench) -> None:
    """Check that the tables of its own are made, taken back and made again as they were."""
    if "tables" not in bench.active.capabilities:
        raise NotAsked("it has no tables of its own")
    with bench.fresh() as app, app.app.app_context():
        try:
            told = db.transact(lambda: plugin_host.tables.rehearse(bench.id), exclusive=True)
        except plugin_host.Unfit as unfit:
            told = [str(unfit)]
    demand(told, "its steps can't be taken back, or not be done again", "Give each its way back.")


def an_instance_with_it_is_sound(bench: Bench) -> None:
    """Check that the doctor finds nothing once it is enabled and used."""
    with bench.used() as (app, _):
        with app.app.app_context():
            found = [finding.text for finding in doctor.examine()]
        demand(found, "relatum doctor finds something", "Do what it says.")


CHECKS = (
    importing_it_has_no_side_effects,
    two_builds_in_one_process_are_alike,
    disabled_and_enabled_again_it_finds_everything_as_it_was,
    removed_and_enabled_again_it_has_its_records_back,
    purged_it_leaves_the_database_as_it_was_before_it_came,
    with_its_files_gone_its_data_can_be_read_and_deleted,
    a_record_of_each_of_its_types_can_be_made_changed_and_deleted,
    its_steps_go_forth_back_and_forth_again,
    an_instance_with_it_is_sound,
)
