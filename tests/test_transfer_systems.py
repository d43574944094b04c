"""Export files of Salesforce, HubSpot, EspoCRM and Odoo: known by their columns, and whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from relatum.core import imports, jobs, uploads
from relatum.core.errors import RelatumError
from relatum.plugins.transfer import offering, systems
from relatum.plugins.transfer.inspecting import look

from .counting import run
from .transferring import MAP, counts

#: The preset of the instance.
PRESET = "sales"
FOLDER = Path(__file__).parent / "exports"


def sent(instance, name):
    """Keep a file of the folder as alice; return its id."""
    with instance.app.app_context(), (FOLDER / f"{name}.csv").open("rb") as stream:
        return uploads.keep(f"{name}.csv", stream, actor=instance.alice).id


def looked(instance, name, type_name, **words):
    """Look into a file of the folder."""
    upload = sent(instance, name)
    with instance.app.app_context():
        return look(upload, actor=instance.alice, type_name=type_name, **words)


def brought(instance, name, type_name, *, further=False):
    """Add what a file needs, import it by the map that is proposed, and return the job."""
    found = looked(instance, name, type_name)
    with instance.app.app_context():
        for changes in (found.offer.missing, found.offer.further if further else []):
            if changes:
                offering.add(changes, actor=instance.alice)
        found = look(found.upload.id, actor=instance.alice, type_name=type_name, use="system")
    asked = {"upload": found.upload.id, "type": type_name, "map": found.map}
    job_id = int(instance.write(jobs.enqueue, "transfer_import", asked))
    run(instance, job_id)
    return instance.read(jobs.get, job_id)


def records(instance, type_name):
    """Return the records of a type by what other systems call them."""
    known = instance.catalog.type(type_name).fields
    own = next(n for n in known if n.endswith("_id") and n.startswith("x_"))
    rows = instance.sql(f"SELECT id FROM {type_name} WHERE trashed_at IS NULL ORDER BY id")
    found = [instance.get(type_name, row.id) for row in rows]
    return {each[own]: each for each in found}


def reasons(instance, job):
    """Return what an import has refused, in sentences."""
    found = instance.sql(
        "SELECT data FROM core_import_line WHERE job_id = :job AND state = 'refused'", job=job["id"]
    )
    return [row.data for row in found]


SALESFORCE = [
    ("salesforce_account", "account", (2, 0, 0, 0)),
    ("salesforce_contact", "contact", (3, 0, 0, 0)),
    ("salesforce_lead", "lead", (2, 0, 0, 0)),
    ("salesforce_opportunity", "opportunity", (2, 0, 0, 0)),
    ("salesforce_product2", "product", (1, 0, 0, 0)),
    ("salesforce_case", "x_ticket", (1, 0, 0, 0)),
]
HUBSPOT = [
    ("hubspot_companies", "account", (2, 0, 0, 0)),
    ("hubspot_contacts", "contact", (3, 0, 0, 0)),
    ("hubspot_deals", "opportunity", (2, 0, 0, 0)),
    ("hubspot_products", "product", (1, 0, 0, 0)),
]
ESPOCRM = [
    ("espocrm_account", "account", (2, 0, 0, 0)),
    ("espocrm_contact", "contact", (2, 0, 0, 0)),
    ("espocrm_lead", "lead", (1, 0, 0, 0)),
    ("espocrm_opportunity", "opportunity", (1, 0, 0, 0)),
]
ODOO = [
    ("odoo_partner", "account", (1, 0, 0, 0)),
    ("odoo_partner", "contact", (2, 0, 0, 0)),
    ("odoo_lead", "opportunity", (2, 0, 0, 0)),
    ("odoo_lead", "lead", (1, 0, 0, 0)),
    ("odoo_product", "product", (2, 0, 0, 0)),
]
ALL = {"Salesforce": SALESFORCE, "HubSpot": HUBSPOT, "EspoCRM": ESPOCRM, "Odoo": ODOO}


# -- known by their columns -----------------------------------------------------------------------
@pytest.mark.parametrize(
    ("system", "name", "type_name"),
    [(system, name, t) for system, files in ALL.items() for name, t, _ in files],
)
def test_a_file_is_known_by_its_columns_and_no_two_systems_tie(system, name, type_name):
    text = (FOLDER / f"{name}.csv").read_text("utf-8").splitlines()[0]
    header = [n.strip('"') for n in text.split(";" if ";" in text else ",")]
    scores = {file: file.score(header) for file in systems.known()}
    best = max(scores.values())
    assert {file.system for file, score in scores.items() if score == best} == {system}
    assert type_name in systems.recognise(header, type_name)[0].types
    unknown = [n for n in header if not systems.recognise(header, type_name)[0].rule(n)[0]]
    assert all(n.endswith("__c") for n in unknown)


def test_every_rule_of_every_source_is_an_import_map_and_names_a_field(instance):
    known = instance.catalog
    for file in systems.known():
        entity_type = known.types.get(file.types[0]) or known.types["account"]
        rules = [rule for rule in file.columns.values() if rule]
        rules += [{"field": f, **given} for f, all_ in file.composed.items() for given in all_]
        for rule in rules:
            whole = rule["field"].partition(".")[0]
            if whole in file.fields or (file.make and whole == "owner"):
                continue
            field = entity_type.path(rule["field"])
            for value in filter(None, rule.get("values", {}).values()):
                field.parse(value)
        columns = {n: _plain(rule) for n, rule in file.columns.items()}
        composed = {path: given[0] for path, given in file.composed.items()}
        only = {name: list(texts) for name, texts in file.only.items()}
        imports.load_map({**MAP, "columns": columns, "composed": composed, "only": only})
        assert file.id in file.fields
        assert file.make is not None or file.types[0] in known.types


def _plain(rule):
    return rule and {n: v for n, v in rule.items() if n not in ("if_fits", "otherwise")}


# -- whole ----------------------------------------------------------------------------------------
@pytest.mark.parametrize("system", list(ALL))
def test_the_files_of_a_system_go_in_whole_and_a_second_time_change_nothing(instance, system):
    for name, type_name, made in ALL[system]:
        job = brought(instance, name, type_name)
        assert counts(job) == made, reasons(instance, job)
        assert job["result"]["unlinked"] == 0
    before = instance.sql("SELECT count(*) FROM core_change")[0][0]
    for name, type_name, made in ALL[system]:
        assert counts(brought(instance, name, type_name)) == (0, 0, made[0], 0)
    assert instance.sql("SELECT count(*) FROM core_change")[0][0] == before


@pytest.fixture
def system(instance):
    """Return a way to bring in all files of a system, and its records by type."""

    def bring(name, **words):
        jobs_ = [brought(instance, file, t, **words) for file, t, _ in ALL[name]]
        assert [reasons(instance, job) for job in jobs_] == [[]] * len(jobs_)
        types = dict.fromkeys(t for _, t, _ in ALL[name])
        return {t: records(instance, t) for t in types}

    return bring


def test_salesforce_links_are_found_by_ids_and_what_was_deleted_stays_away(system):
    made = system("Salesforce")
    edge, burlington = made["account"].values()
    assert (edge["name"], edge["type"], edge["industry"]) == (
        "Edge Communications", "customer", "technology",
    )  # fmt: skip
    assert edge["billing_address"]["street"] == "312 Constitution Place\nSuite 4"
    assert (burlington["parent"], burlington["annual_revenue"]) == (edge["id"], "350000000.00")
    sean, rose, jack = made["contact"].values()
    assert (sean["account"], sean["reports_to"]) == (edge["id"], rose["id"])
    assert [each["x_opted_out"] for each in (sean, rose, jack)] == [True, False, False]
    assert [each["x_do_not_call"] for each in (sean, rose, jack)] == [False, False, True]
    kathy, converted = made["lead"].values()
    assert (kathy["subject"], kathy["status"]) == ("Kathy Snyder, TNR Corp.", "contacted")
    assert (converted["account"], converted["contact"]) == (edge["id"], sean["id"])
    won, negotiated = made["opportunity"].values()
    assert (won["stage"], won["amount"], won["account"]) == ("won", "75000.00", edge["id"])
    assert (negotiated["stage"], negotiated["source"]) == ("negotiate", "partner")
    [case] = made["x_ticket"].values()
    assert (case["status"], case["account"], case["contact"]) == (
        "Closed", edge["id"], rose["id"],
    )  # fmt: skip


def test_columns_that_an_organization_has_added_become_fields_of_a_fitting_kind(instance, system):
    made = system("Salesforce", further=True)
    known = instance.catalog.type("account").fields
    kinds = {n: known[n].kind for n in known if n.startswith("x_")}
    assert kinds["x_customer_priority"] == "text"
    assert kinds["x_numberof_locations"] == "integer"
    assert kinds["x_regions"] == "tags"
    assert kinds["x_sla_expiration_date"] == "date"
    edge, _ = made["account"].values()
    assert (edge["x_regions"], edge["x_numberof_locations"]) == (["APAC", "EMEA"], 3)
    sean, *_ = made["contact"].values()
    assert sean["x_languages"] == ["English", "Mandarin"]


def test_a_report_of_salesforce_with_short_ids_meets_the_records_of_an_export(instance, system):
    made = system("Salesforce")
    job = brought(instance, "salesforce_report", "contact")
    assert counts(job) == (0, 1, 0, 0)
    sean = instance.get("contact", made["contact"]["003D000000QV9n2IAD"]["id"])
    assert (sean["job_title"], sean["account"]) == (
        "CEO", made["account"]["001D000000IqhSLIAZ"]["id"],
    )  # fmt: skip
    assert sean["owner"] == instance.alice.user_id


def test_of_several_associated_ids_of_hubspot_the_first_is_linked(system):
    made = system("HubSpot")
    bluebay, harbour = made["account"].values()
    assert bluebay["billing_address"]["street"] == "1 Example Street\nFloor 2"
    assert (bluebay["type"], harbour["type"], bluebay["x_industry"]) == (
        "prospect", "supplier", "COMPUTER_SOFTWARE",
    )  # fmt: skip
    priya, nameless, ola = made["contact"].values()
    assert [c["account"] for c in (priya, nameless, ola)] == [bluebay["id"], bluebay["id"], None]
    assert (nameless["name"]["last"], ola["name"]["last"]) == ("tom@bluebay.example.com", "Nowhere")
    casino, games = made["opportunity"].values()
    assert (casino["stage"], str(casino["close_date"]), casino["contact"]) == (
        "negotiate", "2026-12-01", priya["id"],
    )  # fmt: skip
    assert (casino["probability"], games["stage"], games["account"]) == (
        "90.00", "lost", harbour["id"],
    )  # fmt: skip


def test_an_industry_that_has_no_option_here_stays_as_text(system):
    made = system("EspoCRM")
    apples, lakeside = made["account"].values()
    assert (apples["x_industry"], lakeside["x_industry"]) == ("Food & Beverage", "Space travel")
    assert apples["industry"] is None
    assert apples["phone"] == "+4930123456"
    mina, solo = made["contact"].values()
    assert (mina["account"], solo["account"]) == (apples["id"], None)
    [deal] = made["opportunity"].values()
    assert (deal["stage"], deal["account"], deal["source"]) == (
        "negotiate", apples["id"], "existing_customer",
    )  # fmt: skip


def test_companies_and_people_of_one_file_of_odoo_go_into_their_types(system):
    made = system("Odoo")
    [azure] = made["account"].values()
    brandon, jesse = made["contact"].values()
    assert azure["billing_address"] == {
        "street": "4557 De Silva St\nBuilding 2", "city": "Fremont", "region": "California (US)",
        "postal_code": "94538", "country": "US",
    }  # fmt: skip
    assert azure["x_tags"] == ["Office Furniture", "Services"]
    assert (brandon["account"], brandon["name"]["last"]) == (azure["id"], "Freeman")
    assert (jesse["account"], jesse["address"]["country"]) == (None, "GB")
    office, desk = made["opportunity"].values()
    assert (office["account"], office["contact"]) == (azure["id"], None)
    assert (desk["account"], desk["contact"]) == (None, jesse["id"])
    assert next(iter(made["lead"].values()))["subject"] == "Wants a quote"
    chair, assembly = made["product"].values()
    assert (chair["status"], assembly["type"]) == ("active", "service")


def test_labels_and_names_of_odoo_meet_the_same_records(instance, system):
    system("Odoo")
    for type_name in ("account", "contact"):
        job = brought(instance, "odoo_partner_labels", type_name)
        assert counts(job)[0] == 0, reasons(instance, job)


# -- what is said of it ---------------------------------------------------------------------------
def test_people_without_their_companies_are_told_to_bring_these_first(instance):
    found = looked(instance, "salesforce_contact", "contact")
    assert found.offer.first == {"account": "AccountId"}
    brought(instance, "salesforce_account", "account")
    assert looked(instance, "salesforce_contact", "contact").offer.first == {}


def test_a_file_for_another_type_is_told_apart(instance):
    found = looked(instance, "salesforce_opportunity", "contact")
    assert (found.offer, found.others) == (None, ["opportunity"])
    found = looked(instance, "salesforce_case", "contact")
    assert found.others == ["x_ticket"]


def test_a_type_that_is_not_there_is_made_only_for_a_file_of_that_kind(instance):
    found = looked(instance, "salesforce_case", "x_ticket")
    assert (found.map, found.offer.missing[0]["op"]) == (None, "create_type")
    with pytest.raises(RelatumError) as refused:
        looked(instance, "salesforce_contact", "x_ticket")
    assert refused.value.code == "type_unknown"


def test_only_who_may_change_the_data_model_sees_a_plan_and_adds_fields(instance):
    found = looked(instance, "salesforce_account", "account")
    with instance.reading():
        assert found.offer.as_json(instance.alice)["missing"]["plan"]["risk"] == "safe"
        assert found.offer.as_json(instance.bob)["missing"]["plan"] is None
    with instance.app.app_context(), pytest.raises(RelatumError) as refused:
        offering.add(found.offer.missing, actor=instance.bob)
    assert refused.value.code == "forbidden"


def test_without_the_fields_the_map_leaves_their_columns_out(instance):
    found = looked(instance, "salesforce_account", "account")
    assert found.map["columns"]["Id"] is None
    assert "key" not in found.map
    assert found.map["columns"]["Name"]["field"] == "name"


def test_a_field_of_another_system_whose_name_is_in_the_trash_is_added_anew(instance):
    brought(instance, "salesforce_account", "account")
    instance.apply({"op": "trash_field", "type": "account", "field": "x_fax"})
    found = looked(instance, "salesforce_account", "account")
    assert [change["name"] for change in found.offer.missing] == ["x_fax"]
    assert found.map["columns"]["Fax"] is None
    assert counts(brought(instance, "salesforce_account", "account")) == (0, 1, 1, 0)
