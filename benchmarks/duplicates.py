"""Duplicates: how many dirty twins are found, how many strangers, and what the check costs."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from functools import partial
from time import perf_counter
from typing import Any, Final

import sqlalchemy as sa

from relatum.benchmarks.instance import Instance
from relatum.benchmarks.report import Figure, Say, times
from relatum.core import catalog, clock, db, plugin_host, records
from relatum.core.app import create_app
from relatum.core.errors import Invalid
from relatum.core.plugin_host.loading import State
from relatum.core.records import write

Row = dict[str, Any]
_SEED: Final = 20261126
_BATCH: Final = 2000
_TWINS: Final = 400
_NAME: Final = ("salutation", "first", "middle", "last", "suffix")
_ADDRESS: Final = ("street", "city", "region", "postal_code", "country")
#: Fields that only some rows have.
_STORED: Final = {"contact": ("email", "phone"), "account": ("website",)}
_PLUGINS: Final = ("contacts", "duplicates")
_FIRST: Final = (
    "Anna Ben Carla David Emma Felix Greta Hannes Ida Jonas Klara Lukas Maria Noah Olivia Paul "
    "Ruth Simon Theresa Uwe Vera Walter Jörg Käthe Björn Günther Zoë Philipp Stefan Katharina "
    "Thomas Michael Sabine Ralf Ute Heike Matthias Christoph Elisabeth Johann James Mary Robert "
    "Patricia William Linda Charles Susan Joseph Karen Stephen Catherine Andrew Emily Joshua Nancy"
).split()
_LAST_A: Final = (
    "Berg Stein Wald Feld Bach Hof Holz Eich Linden Rosen Winter Sommer Neu Alt Gold Silber Kirch "
    "Mühl Brunn Schön Hart Lang Klein Groß Schwarz Weiß Roth Grün Adler Falk Löw Wolf Hirsch Vogel"
).split()
_LAST_B: Final = (
    "er mann meier müller bauer hofer berger ner ling hardt wald kamp brink horst thal dorf stedt "
    "inger ig el ke ert olt"
).split()
_LAST: Final = (
    *(a + b for a in _LAST_A for b in _LAST_B),
    *"Smith Jones Taylor Brown Wilson Thompson Wright Walker Schmidt Meyer Fischer Weber".split(),
)
_STREETS: Final = (
    "Hauptstr. Bahnhofstr. Gartenweg Lindenallee Schulstr. Marktplatz Ringstr.".split()
)
_MAILERS: Final = ("gmail.com", "gmx.de", "web.de", "acme.example", "globex.example")
_WORDS: Final = (
    "Nord Süd Alpen Rhein Elbe Hansa Blau Sonnen Stern Metall Papier Glas Holz Solar Daten Bio "
    "Medi Agro Logi Opti Phar Foto Auto Elektro Hydro Pro Inter Trans Uni Eco"
).split()
_TRADES: Final = (
    "Technik Handel Systeme Maschinenbau Logistik Consulting Software Energie Druck Möbel Bau "
    "Analytik Robotik Verpackung Optik"
).split()
_FORMS: Final = ("GmbH", "AG", "GmbH & Co. KG", "Ltd.", "Inc", "KG", "UG", "e.K.")


class Making:
    """Makes people and companies, and twins of them as other people would type them."""

    def __init__(self, seed: int = _SEED) -> None:
        self.chance = random.Random(seed)  # nothing secret

    def contact(self, place: int) -> Row:
        """Return a person; some have no mailbox, some no phone."""
        pick = self.chance
        first, last = pick.choice(_FIRST), pick.choice(_LAST)
        row: Row = {"name": {"first": first, "last": last}}
        if pick.random() < 0.85:
            local = f"{first}.{last}{place}".lower().translate(str.maketrans("äöüßë", "aouse"))
            row["email"] = f"{local}@{pick.choice(_MAILERS)}"
        if pick.random() < 0.8 or "email" not in row:
            row["phone"] = f"+49{pick.choice((30, 40, 89, 221))}{pick.randrange(10**6, 10**7)}"
        row["address"] = {
            "street": f"{pick.choice(_STREETS)} {pick.randrange(1, 120)}",
            "postal_code": f"{pick.randrange(10000, 99999)}", "city": "Neustadt", "country": "DE",
        }  # fmt: skip
        return row

    def account(self, place: int) -> Row:
        """Return a company."""
        pick = self.chance
        word, trade = f"{pick.choice(_WORDS)}{pick.choice(_LAST).lower()}", pick.choice(_TRADES)
        row: Row = {"name": f"{word} {trade} {pick.choice(_FORMS)}"}
        if pick.random() < 0.7:
            row["website"] = f"https://www.{word.lower().encode('idna').decode()}{place}.example/"
        row["phone"] = f"+49{pick.choice((30, 40, 89, 221))}{pick.randrange(10**6, 10**7)}"
        return row

    def typo(self, text: str) -> str:
        """Return a text with two letters swapped, one left out, or one doubled."""
        if len(text) < 4:
            return text
        at, kind = self.chance.randrange(1, len(text) - 2), self.chance.randrange(3)
        if kind == 0:
            return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
        return text[:at] + text[at + 1 :] if kind == 1 else text[: at + 1] + text[at:]

    def twin_of_contact(self, row: Row) -> Row:
        """Return the same person, typed by somebody else: two to three things differ."""
        pick = self.chance
        made: Row = {k: dict(v) if isinstance(v, dict) else v for k, v in row.items()}
        name = made["name"]
        dirt: list[Callable[[], Any]] = [
            lambda: name.update(last=self.typo(name["last"])),
            lambda: name.update(first=self.typo(name["first"])),
            lambda: name.update(first=name["last"], last=name["first"]),
            lambda: name.update(last=_spelled(name["last"])),
            lambda: name.update(first=name["first"][0] + "."),
            lambda: made.pop("phone", None) if "email" in made else None,
            lambda: made.update(phone=f"+49171{pick.randrange(10**6, 10**7)}"),
            lambda: made.update(email=made["email"].upper()) if "email" in made else None,
            lambda: made.pop("address", None),
        ]
        for change in pick.sample(dirt, pick.choice((2, 3))):
            change()
        if pick.random() < 0.3 and "phone" in row and made.get("phone") == row["phone"]:
            made.pop("email", None)
        return made

    def twin_of_account(self, row: Row) -> Row:
        """Return the same company: another legal form, umlauts written out, a typo, no site."""
        pick, made = self.chance, dict(row)
        stem = row["name"]
        for form in sorted(_FORMS, key=len, reverse=True):
            stem = stem.removesuffix(f" {form}")
        made["name"] = f"{stem} {pick.choice(('', *_FORMS))}".strip()
        if pick.random() < 0.5:
            made["name"] = self.typo(made["name"])
        if pick.random() < 0.4:
            made["name"] = _spelled(made["name"])
        if pick.random() < 0.5:
            made.pop("website", None)
        elif pick.random() < 0.3:
            made["phone"] = f"+49171{pick.randrange(10**6, 10**7)}"
        return made


def _spelled(text: str) -> str:
    pairs = {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"}
    return "".join(pairs.get(sign, sign) for sign in text)


def measure(instance: Instance, size: int, rounds: int, say: Say) -> list[Figure]:
    """Return precision and recall, and the time of the check among `size` people."""
    plain = instance.app
    with plain.app_context():
        for plugin in _PLUGINS:
            db.transact(_enabling(instance, plugin), exclusive=True)
    with instance.reading() as tx:
        generation = tx.epochs.plugins
    found = plugin_host.discover(None)
    known = {id_: State(id=id_, version=found[id_].version, enabled=True) for id_ in _PLUGINS}
    loaded = plugin_host.load(known, generation, instance.config)
    instance.app = create_app(instance.config, loaded, accepted=lambda: generation)
    try:
        return _measured(instance, size, rounds, say)
    finally:
        instance.app = plain


def _measured(instance: Instance, size: int, rounds: int, say: Say) -> list[Figure]:
    making = Making()
    say(f"{size:,} people, {size // 20:,} companies")
    people = _filled(instance, "contact", size, making.contact)
    companies = _filled(instance, "account", size // 20, making.account)
    instance.settle()
    figures = [_created(instance, making)]
    say("twins and strangers")
    for name, known, twin, fresh in (
        ("contact", people, making.twin_of_contact, making.contact),
        ("account", companies, making.twin_of_account, making.account),
    ):
        figures += _found(instance, name, known, twin, fresh)
    return [*figures, _checked(instance, size, making, rounds)]


def _enabling(instance: Instance, plugin: str) -> Callable[[], Any]:
    return lambda: plugin_host.enable(plugin, actor=instance.actor)


def _filled(
    instance: Instance, type_name: str, size: int, make: Callable[[int], Row]
) -> list[tuple[int, Row]]:
    """Write records past the verbs, which would take an hour; return some of them with ids."""
    kept: list[tuple[int, Row]] = []
    every = max(size // _TWINS, 1)
    for start in range(0, size, _BATCH):
        rows = [make(place) for place in range(start, min(start + _BATCH, size))]
        with instance.app.app_context():
            ids = db.transact(partial(_put, type_name, rows, instance))
        kept += [
            (id_, row)
            for place, (id_, row) in enumerate(zip(ids, rows, strict=True), start)
            if place % every == 0
        ]
    return kept[:_TWINS]


def _put(type_name: str, rows: list[Row], instance: Instance) -> list[int]:
    """Write rows of values in normal form, and their keys, as they would be stored."""
    from relatum.plugins.duplicates import keys, rules  # noqa: PLC0415  # what is measured

    known = catalog.current()
    entity_type, now = known.type(type_name), clock.now()
    base = {"created_at": now, "updated_at": now, "version": 1, "owner_id": instance.actor.user_id}
    ids = write.reserve(entity_type, len(rows))
    made = []
    for id_, row in zip(ids, rows, strict=True):
        values = {name: entity_type.fields[name].unwire(_whole(row[name])) for name in row}
        empty = dict.fromkeys(_STORED.get(type_name, ()))
        made.append({"id": id_, **base, **write.stored(entity_type, id_, {**empty, **values})})
    connection = db.for_writing().connection
    connection.execute(sa.insert(entity_type.table), made)
    wanted = keys.specs(rules.in_force(known), type_name)
    codes = [
        {"code": code, "record": id_}
        for id_, row in zip(ids, rows, strict=True)
        for code in set(keys.codes(type_name, wanted, row))
    ]
    table = sa.table("plugin__duplicates__key", sa.column("code"), sa.column("record"))
    connection.execute(sa.insert(table), codes)
    return ids


def _whole(value: Any) -> Any:
    """Return a value with all members of a name or an address."""
    if not isinstance(value, dict):
        return value
    members = _NAME if "last" in value else _ADDRESS
    return {name: value.get(name) for name in members}


def _created(instance: Instance, making: Making) -> Figure:
    """Return how many people are made in a second, in batches, with check and keys."""
    rows = [making.contact(3 * 10**7 + place) for place in range(2 * _BATCH)]
    began = perf_counter()
    for start in range(0, len(rows), _BATCH // 2):
        part = rows[start : start + _BATCH // 2]
        instance.write(records.create, "contact", part, partial=True)
    return Figure("create people in batches", f"{len(rows) / (perf_counter() - began):,.0f} rows/s")


def _found(
    instance: Instance, name: str, known: list[tuple[int, Row]], twin: Callable[[Row], Row],
    fresh: Callable[[int], Row],
) -> Iterator[Figure]:  # fmt: skip
    from relatum.plugins.duplicates import find  # noqa: PLC0415  # a plugin that is measured

    twins = [twin(row) for _, row in known]
    strangers = [fresh(10**7 + place) for place in range(len(known))]
    with instance.reading():
        found = find(name, twins, actor=instance.actor)
        wrong = find(name, strangers, actor=instance.actor)
    hits = sum(id_ in {m.id for m in some} for (id_, _), some in zip(known, found, strict=True))
    others = sum(id_ != match.id for (id_, _), some in zip(known, found, strict=True)
                 for match in some) + sum(map(len, wrong))  # fmt: skip
    recall, precision = hits / len(known), hits / max(hits + others, 1)
    yield Figure(f"recall of dirty twins, {name}", f"{recall:.3f}")
    yield Figure(f"precision, as many strangers as twins, {name}", f"{precision:.3f}")
    alarmed = sum(map(bool, wrong)) / len(wrong)
    yield Figure(f"strangers that are asked about, {name}", f"{alarmed:.3f}")


def _checked(instance: Instance, size: int, making: Making, rounds: int) -> Figure:
    """Return the time that the check takes of a save: what the hook before the write takes."""
    from relatum.plugins.duplicates import logic  # noqa: PLC0415

    taken: list[float] = []
    whole = logic.before

    def timed(batch: Any) -> None:
        began = perf_counter()
        whole(batch)
        taken.append(perf_counter() - began)

    logic.before = timed
    try:
        for place in range(rounds):
            row = making.contact(2 * 10**7 + place)
            try:
                instance.write(records.create, "contact", [row])
            except Invalid as asked:
                assert asked.code == "confirm_needed", asked  # noqa: PT017  # no test
    finally:
        logic.before = whole
    middle = sorted(taken)[len(taken) // 2] * 1000
    case = f"check on save among {size:,} people"
    return Figure(case, times(taken), value=middle, shown=f"{middle:.1f} ms", target=20)
