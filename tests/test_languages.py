"""Words in German: of the bundled plugins, of what the core shows, and of every error."""

from __future__ import annotations

import re
from pathlib import Path

import email_validator
import orjson
import pytest
from babel.messages import pofile
from babel.messages.extract import extract_from_dir
from marshmallow import validate

from relatum.core import catalog, entities, languages, plugin_host, roles
from relatum.core.errors import Invalid, Problem, RelatumError, nearest
from relatum.core.fields import FIELD_TYPES

from .desk import at_desk
from .desk_words import brought, refusals
from .plugged import LOYALTY, disable, enable

ROOT = Path(__file__).resolve().parents[1]
#: The preset of the instance.
PRESET = "all"
_PLACE = re.compile(r"\{[a-z_]*\}")
#: Contexts of words that stand within sentences; all other ones are types.
WITHIN = {
    "action", "first", "got", "nearest", "reason", "rejected", "thing", "wanted", "what", "where",
    "why",
}  # fmt: skip


def words(folder):
    """Return the words of a folder: {(context or None, text): translation}."""
    with (ROOT / folder / "translations" / "de.po").open("rb") as source:
        read = pofile.read_po(source, locale="de")
    return {(m.context, m.id): m.string for m in read if m.id}


# -- what is declared -----------------------------------------------------------------------------
def declared(known):
    """Return every text of a catalog: {owner: {(type, text)}}."""
    found: dict[str, set[tuple[str, str]]] = {}

    def add(owner, type_name, *texts):
        owner = "core" if owner == "system" else owner
        found.setdefault(owner, set()).update((type_name, text) for text in texts if text)

    for each in known.types.values():
        add(each.owner, each.name, each.label, each.plural, each.description)
        add(each.owner, each.name, *(section.label for section in each.layout.sections))
        for field in each.fields.values():
            add(field.owner, each.name, field.label, field.help)
            if field.is_link:
                add(field.owner, each.name, field.inverse_label)
            for option in field.options:
                add(option.owner, each.name, option.label)
        for view in known.views.get(each.name, ()):
            add(view.owner, each.name, view.label)
    return found


def of_kinds():
    """Return the texts of the field types: parts of their values, hints of their settings."""
    composites = (kind for kind in FIELD_TYPES.values() if hasattr(kind, "MEMBERS"))
    parts = {(None, member.label) for kind in composites for member in kind.MEMBERS}
    settings = (each.SETTINGS.values() for each in FIELD_TYPES.values())
    return parts | {(None, setting.help) for given in settings for setting in given}


def of_plans():
    """Return the texts of the code: what the steps of plans do, their notes and uses."""
    found = extract_from_dir(str(ROOT / "core"), [("**.py", "python")], keywords={"Phrase": None})
    return {(None, str(text)) for _, _, text, *_ in found}


def errors_of(owner):
    """Return the texts of the errors that the core or a plugin brings."""
    return {(None, text) for text in refusals(owner)}


def of_roles(instance):
    """Return the texts of the roles that come with Relatum."""
    known = instance.read(roles.list_roles)
    return {(None, role[word]) for role in known for word in ("label", "description")}


def lacking(wanted, known):
    """Return the texts without a translation, and the translations that nothing asks for."""
    used = {key if key in known else (None, key[1]) for key in wanted}
    said = {key for key, text in known.items() if text and key[0] not in WITHIN}
    return sorted(map(str, used - said)), sorted(map(str, said - used))


def test_every_text_that_is_declared_is_german_and_no_other(instance):
    found = declared(instance.catalog)
    there = plugin_host.discover(instance.config)
    for owner in found.keys() - {"core"}:
        manifest = there[owner].manifest
        assert manifest is not None
        said = manifest.plugin
        texts = found[owner] | {(None, said.name), (None, said.description)}
        texts |= errors_of(owner) | {(None, text) for text in brought(owner)}
        assert lacking(texts, words(f"plugins/{owner}")) == ([], []), owner
    texts = found["core"] | of_kinds() | errors_of("core") | of_plans() | of_roles(instance)
    assert lacking(texts, words("core")) == ([], [])


def test_words_that_an_administrator_has_chosen_are_the_same_in_every_language(instance):
    instance.apply(
        {"op": "change_type", "type": "opportunity", "label": "Mandate", "plural": "Line"},
        {"op": "change_field", "type": "opportunity", "field": "amount", "label": "Price"},
        {"op": "set_view", "type": "opportunity", "view": "won", "label": "Lost"},
    )
    for language in ("en", "de"):
        with instance.reading():
            known = catalog.current(language)
        found = known.type("opportunity")
        # "Line", "Price" and "Lost" are words that the plugin knows in German.
        assert (found.label, found.plural) == ("Mandate", "Line")
        assert found.fields["amount"].label == "Price"
        assert {v.name: v.label for v in known.views["opportunity"]}["won"] == "Lost"
    assert found.fields["stage"].label == "Phase"


# -- errors ---------------------------------------------------------------------------------------
def test_every_german_sentence_has_the_places_of_its_text():
    wrong = [
        text
        for (_, text), said in words("core").items()
        if sorted(_PLACE.findall(text)) != sorted(_PLACE.findall(said))
    ]
    assert wrong == []


def test_words_within_sentences_are_words_of_the_code():
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "core").rglob("*.py"))
    assert email_validator.__file__ is not None
    spoken = [*Path(email_validator.__file__).parent.glob("*.py"), Path(validate.__file__)]
    for path in spoken:
        code += path.read_text(encoding="utf-8")
    within = [text for context, text in words("core") if context in WITHIN]
    pieces = {piece.strip() for text in within for piece in text.split("{}")}
    assert [piece for piece in pieces if not all(word in code for word in piece.split())] == []


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (Problem("required"), "Hier ist ein Wert erforderlich."),
        (Problem("too_long", {"length": 9, "max": 8}), "Hat 9 Zeichen; erlaubt sind höchstens 8."),
        (Problem("not_integer", {"got": "the number 2.5"}),
         "Muss eine ganze Zahl sein; angegeben ist die Zahl 2.5."),
        (RelatumError("type_unknown", type="acount", nearest=nearest("acount", ["account"])),
         "Es gibt keinen Entitätstyp 'acount'. Meinten Sie 'account'?"),
        (RelatumError("forbidden", action="purge", thing="records of 'account'"),
         "Das dürfen Sie nicht: Datensätze der Art 'account' endgültig löschen. "
         "Fragen Sie die Administration."),
        (Invalid([Problem("required", field="name"), Problem("not_list", {"got": "null"})]),
         "Verweigert: name: Hier ist ein Wert erforderlich. (und 1 weitere)"),
        (Problem("not_email", {"got": "{x}", "reason": "Something new."}),
         "'{x}' ist keine E-Mail-Adresse: Something new."),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_in_german(wrong, said):
    assert languages.said(wrong, "de") == said
    assert languages.said(wrong, "en") == getattr(wrong, "message", str(wrong))


def test_a_plan_says_its_steps_in_german(instance):
    field = {"op": "add_field", "type": "account", "name": "x_size", "kind": "integer"}
    step = instance.plan({**field, "label": "Size {1}"}).steps[0]
    assert languages.told(step.summary, "de") == "Feld Size {1} hinzufügen (integer)"
    assert orjson.loads(orjson.dumps(step.summary)) == "Add integer field Size {1}"
    gone = {"op": "trash_field", "type": "opportunity", "field": "account"}
    told = languages.told(instance.plan(gone).steps[0].uses[0], "de")
    assert told.startswith("Ansicht Open deals von opportunity (öffnet sich nicht mehr: Entitätst")


# -- plugins of others ----------------------------------------------------------------------------
GERMAN = """
msgid "Card"
msgstr "Kundenkarte"

msgid "Cards"
msgstr "Kundenkarten"

msgid "Loyalty cards"
msgstr "Treueprogramm"
"""


def test_a_plugin_in_the_home_speaks_by_its_own_words_as_long_as_it_runs(instance):
    instance.make_type("x_company", {"name": "name", "kind": "text"})
    folder = instance.config.home / "plugins" / "loyalty"
    (folder / "translations").mkdir(parents=True)
    (folder / "__init__.py").write_text(LOYALTY, encoding="utf-8")
    (folder / "translations" / "de.po").write_text(GERMAN, encoding="utf-8")
    enable(instance, "loyalty")
    with at_desk(instance) as desk:
        desk.set_cookie("language", "de")
        page = desk.get("/records/loyalty_card").text
        assert ("Kundenkarten" in page, "Treueprogramm" in page) == (True, True)
        disable(instance, "loyalty")
        page = desk.get("/records/loyalty_card").text
        assert ("Kundenkarten" in page, "Cards" in page) == (False, True)
        assert "Treueprogramm" in desk.get("/plugins").text


@pytest.mark.parametrize(
    "broken", [b"\xff\xfe", b"rubbish", b'msgid ""\nmsgstr "Content-Type: t; charset=x\\n"\n']
)
def test_words_that_cannot_be_read_are_left_out_and_logged(tmp_path, caplog, broken):
    (tmp_path / "de.po").write_bytes(broken)
    assert languages.read(tmp_path, "de").gettext("Card") == "Card"
    assert "de.po can't be read" in caplog.text


# -- where it is said -----------------------------------------------------------------------------
def test_people_read_german_where_programs_read_english(instance):
    [firm] = instance.create("account", {"name": "Ostwind"})
    row = {"name": "Turbine", "account": firm, "stage": "develop"}
    [deal] = instance.create("opportunity", row)
    with at_desk(instance) as desk:
        desk.set_cookie("language", "de")
        for address, *texts in (
            ("/records/opportunity", "Offene Deals", "Abschlussdatum", "Vertrieb"),
            ("/records/opportunity/board", "Bedarfsanalyse", "Verhandlung"),
            (f"/records/opportunity/{deal}", "Prognosekategorie", "Zuständig", "Positionen"),
            (f"/records/account/{firm}", "Rechnungsadresse", "Tochtergesellschaften"),
            ("/records/account/new", "Muttergesellschaft", "Postleitzahl", "Branche"),
            ("/search?q=ostw", "Firma"),
            ("/plugins", "Ein Katalog von Waren"),
            ("/records/account?name__near=1", "kennt den Vergleich"),
            ("/records/opportunit", "Meinten Sie &#39;opportunity&#39;?"),
        ):  # fmt: skip
            page = desk.get(address).text
            assert [text for text in texts if text not in page] == [], address
        answer = desk.post("/records/account/new", data={"name": ""})
        assert "Hier ist ein Wert erforderlich." in answer.text
    headers = {"Accept-Language": "de", "Cookie": "language=de"}
    alice = instance.client(instance.alice)
    found = alice.get("/api/v1/entity-types/opportunity", headers=headers).get_json()
    assert (found["label"], found["plural"]) == ("Deal", "Deals")
    refused = alice.post("/api/v1/records/account", json={"name": ""}, headers=headers).get_json()
    assert refused["errors"][0]["message"] == "A value is required."
    assert "Firma" not in orjson.dumps(entities.export(instance.catalog)).decode()
