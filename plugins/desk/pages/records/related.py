"""Lists of what points to a record: they are read, added to, linked and unlinked.

A type that ties two others, many to many, shows the other side with the fields of the tie itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from flask import Response, request

from relatum import RelatumError, catalog, fields, imports, plugin_host, query, records

from ... import inputs, menu, ui, values, words
from ...words import translated
from . import around

#: Records of a list that are shown, and lists that are read at once; others when they are seen.
SHOWN, EAGER = 6, 8
_COLUMNS: Final = 4
_RECORD: Final = "record"


@dataclass(frozen=True, slots=True)
class Tie:
    """A link as seen from the record that it points to."""

    #: The record's type, and the name of the list there; none for children without a name.
    target: catalog.EntityType
    name: str | None
    type: catalog.EntityType
    link: fields.Link
    #: The link to the other side, if the type ties two.
    partner: fields.Lookup | None

    @property
    def id(self) -> str:
        """What the list is called in a page."""
        return f"rel-{self.type.name}-{self.link.name}"

    @property
    def path(self) -> str:
        """What follows the address of a record in that of the list."""
        return f"/related/{self.type.name}/{self.link.name}"

    @property
    def label(self) -> str:
        """What the list is called: as the relationship says where the type would not tell."""
        if self.name is None:
            return self.type.plural
        if self.partner is not None:
            return self.link.inverse_label or values.list_label(self.name)
        return values.relation_label(self.target.name, self.name)

    @property
    def other(self) -> catalog.EntityType:
        """The type of the records that can be linked."""
        known = words.known()
        return known.type(self.partner.target) if self.partner is not None else self.type

    @property
    def icon(self) -> str:
        """What stands before its name."""
        return self.other.icon or "puzzle"

    @property
    def is_one(self) -> bool:
        """Whether one record at most can point here."""
        return any(key.fields == (self.link.name,) for key in self.type.keys)

    @property
    def can_link(self) -> bool:
        """Whether a record that is there already can be linked."""
        if self.link.read_only:
            return False
        return self.partner is not None or not menu.is_inner(self.type)

    @property
    def can_unlink(self) -> bool:
        """Whether a link can be taken away: by emptying it, or with the record that ties."""
        if self.partner is not None:
            return True
        return not (self.link.required or self.link.read_only)

    def paths(self) -> list[str]:
        """Return the columns of the list."""
        inner = menu.is_inner(self.type)
        shown = values.shown_fields(self.type, 8, short=not inner)
        first = [self.partner.name] if self.partner is not None else []
        rest = [path for path in shown if path not in (self.link.name, "position", *first)]
        return [*first, *rest][:_COLUMNS]


@dataclass(frozen=True, slots=True)
class Related:
    """A list with the records that are shown of it; `page` is None until it is read."""

    tie: Tie
    id: int
    paths: list[str]
    page: query.Page | None
    count: dict[str, Any]
    #: Why it can't be read.
    problem: str | None = None

    @property
    def is_empty(self) -> bool:
        """Whether it was read and has nothing."""
        return self.page is not None and not self.page.records

    @property
    def all(self) -> str:
        """Where all of them are."""
        return f"/records/{self.tie.type.name}?{self.tie.link.name}={self.id}"

    @property
    def within(self) -> str:
        """What a link to one of them adds, so that next means next among them."""
        return around.of_list(f"?{self.tie.link.name}={self.id}")

    @property
    def add(self) -> str:
        """Where one is made."""
        return f"/records/{self.tie.type.name}/new?{self.tie.link.name}={self.id}"

    def link_of(self, row: dict[str, Any]) -> str:
        """Return where the name of a row leads: to the other side, else to the record itself."""
        if self.tie.partner is not None:
            return f"/records/{self.tie.partner.target}/{row[self.tie.partner.name]}"
        return f"/records/{self.tie.type.name}/{row['id']}{self.within}"

    def label_of(self, row: dict[str, Any]) -> str:
        """Return what a row is called."""
        assert self.page is not None
        if self.tie.partner is not None:
            id_ = row[self.tie.partner.name]
            return str(self.page.labels.get(str(id_), {}).get("label", id_))
        return self.tie.type.label_of_wire(row)


def of(entity_type: catalog.EntityType) -> list[Tie]:
    """Return the lists of a type, those of its children first."""
    known = words.known()
    found = [
        Tie(entity_type, name, relation.type, relation.link, _partner(relation))
        for name, relation in known.inverses(entity_type.name).items()
        if not relation.link.part  # those are lines
    ]
    tree = entity_type.tree
    if tree is not None and tree.inverse is None:
        found.insert(0, Tie(entity_type, None, entity_type, tree, None))
    return sorted(found, key=lambda tie: tie.link is not tree)


def _partner(relation: catalog.Relation) -> fields.Lookup | None:
    """Return the link to the other side of what ties two records, many to many."""
    link, entity_type = relation.link, relation.type
    ends = [
        field
        for field in entity_type.lookups
        if field.owner != "system" and field.required and not field.part
    ]
    if link not in ends or len(ends) != 2:
        return None
    names = {field.name for field in ends}
    if entity_type.title and not any(names <= set(key.fields) for key in entity_type.keys):
        return None
    return next(field for field in ends if field is not link)


def read(tie: Tie, id_: int) -> Related:
    """Return a list with its newest records; it costs a query, and one if there are more."""
    paths = tie.paths()
    titled = [f.name for f in tie.type.title_fields if f.name not in paths]
    condition = {"filter": {"field": tie.link.name, "value": id_}}
    asked = {
        **condition, "sort": ["-id"], "limit": SHOWN,
        "fields": [*paths, *titled, *values.code_paths(tie.type, paths), "version"],
    }  # fmt: skip
    page = query.page(query.from_json(tie.type.name, asked, actor=ui.actor()))
    if page.next is None:
        return Related(tie, id_, paths, page, {"value": len(page.records), "exact": True})
    counted = query.count(query.from_json(tie.type.name, condition, actor=ui.actor()))
    return Related(tie, id_, paths, page, counted)


def all_of(entity_type: catalog.EntityType, id_: int) -> list[Related]:
    """Return the lists of a record; those beyond the first few are read when they are seen."""
    ties = of(entity_type)
    rest = [Related(tie, id_, [], None, {}) for tie in ties[EAGER:]]
    return [*(_tried(tie, id_) for tie in ties[:EAGER]), *rest]


def _tried(tie: Tie, id_: int) -> Related:
    """Return a list, or why it can't be read: the rest of the page is shown all the same."""
    part = f"{tie.type.name}.{tie.link.name}"
    try:
        return plugin_host.draw(tie.type.owner, part, lambda: read(tie, id_))
    except plugin_host.PartFailed as failed:
        return Related(tie, id_, [], None, {}, failed.reason)


def find(type_name: str, other: str, link: str) -> Tie:
    """Return a list of a type by the type and the link that make it; raise `inverse_unknown`."""
    entity_type = words.known().type(type_name)
    for tie in of(entity_type):
        if (tie.type.name, tie.link.name) == (other, link):
            return tie
    raise RelatumError("inverse_unknown", type=type_name, name=f"{other}.{link}"[:80], nearest="")


# -- pages ------------------------------------------------------------------------------------
_RULE: Final = "/records/<type_name>/<int:id_>/related/<other>/<link>"


@ui.page(_RULE)
def show_related(type_name: str, id_: int, other: str, link: str) -> Response:
    """Show one list of a record, to be put into its page; alone it is the page of all of them."""
    tie = find(type_name, other, link)
    found = read(tie, id_)
    if not ui.is_fragment():
        return ui.away(found.all)
    return ui.render("_related.html", related=found)


@ui.page(f"{_RULE}/link")
def ask_link(type_name: str, id_: int, other: str, link: str) -> Response:
    """Ask which record to link; for browsers without scripts."""
    tie = find(type_name, other, link)
    return _asked(tie, id_, None)


@ui.page(f"{_RULE}/link", "POST")
def link_record(type_name: str, id_: int, other: str, link: str) -> Response:
    """Let a record that is there already point to this one."""
    tie = find(type_name, other, link)
    chosen: int | None = None
    try:
        chosen = _chosen(tie)
        if chosen is None:
            return _refused(tie, id_, translated("Choose a record."))
        said = _link(tie, id_, chosen)
    except RelatumError as error:
        if error.status not in (404, 409, 422):
            raise
        if tie.partner is not None and {p.code for p in error.problems} == {"required"}:
            known = f"{tie.link.name}={id_}&{tie.partner.name}={chosen}"
            return ui.away(f"/records/{tie.type.name}/new?{known}")
        return _refused(tie, id_, _sentence(error))
    return _done(tie, id_, said)


@ui.page(f"{_RULE}/unlink", "POST")
def unlink_record(type_name: str, id_: int, other: str, link: str) -> Response:
    """Take a link away: it is emptied, or the record that ties the two goes to the trash."""
    tie = find(type_name, other, link)
    row_id = _number(request.form.get(_RECORD, ""))
    row = records.get(tie.type.name, row_id, actor=ui.actor())
    label = tie.type.label_of_wire(row)
    if tie.partner is not None:
        label = _label(tie.other, row[tie.partner.name])
    try:
        if row[tie.link.name] == id_:
            _unlink(tie, row_id)
    except RelatumError as error:
        if error.status not in (409, 422):
            raise
        return _refused(tie, id_, _sentence(error))
    return _done(tie, id_, translated("{label} is unlinked", label=label))


def _link(tie: Tie, id_: int, chosen: int) -> str:
    """Link a record; return what to say, also from where it was taken."""
    found = records.get(tie.other.name, chosen, actor=ui.actor())
    label = tie.other.label_of_wire(found)
    if tie.partner is not None:
        row = {tie.link.name: id_, tie.partner.name: chosen}
        records.create(tie.type.name, [row], actor=ui.actor())
        return translated("{label} is linked", label=label)
    before = found[tie.link.name]
    records.update(tie.type.name, [{"id": chosen, tie.link.name: id_}], actor=ui.actor())
    if before is None or before == id_:
        return translated("{label} is linked", label=label)
    old = _label(tie.target, before)
    return translated("{label} is linked, and no more to {old}", label=label, old=old)


def _unlink(tie: Tie, row_id: int) -> None:
    if tie.partner is not None:
        records.delete(tie.type.name, [{"id": row_id}], actor=ui.actor())
    else:
        records.update(tie.type.name, [{"id": row_id, tie.link.name: None}], actor=ui.actor())


def _chosen(tie: Tie) -> int | None:
    """Return the record that was chosen from the list, or else is meant by the typed text."""
    form = request.form
    typed, id_ = form.get(f"{_RECORD}{inputs.TYPED}", "").strip(), form.get(_RECORD, "")
    if id_ and typed == form.get(f"{_RECORD}{inputs.WAS}", "").strip():
        return _number(id_)
    if not typed:
        return None
    return imports.find(tie.other.name, typed, actor=ui.actor())


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 16):
        raise RelatumError(
            "bad_parameter", name=_RECORD, reason=translated("it must be the id of a record")
        )
    return int(text)


def _label(entity_type: catalog.EntityType, id_: int) -> str:
    return entity_type.label_of_wire(records.get(entity_type.name, id_, actor=ui.actor()))


def _home(tie: Tie, id_: int) -> str:
    return f"/records/{tie.target.name}/{id_}{around.still()}#{tie.id}"


def _done(tie: Tie, id_: int, text: str) -> Response:
    if ui.is_fragment():
        return ui.done(ui.render("_related.html", related=read(tie, id_)), text)
    return ui.done(ui.away(_home(tie, id_)), text)


def _sentence(error: RelatumError) -> str:
    return words.said(error.problems[0] if error.problems else error)


def _refused(tie: Tie, id_: int, said: str) -> Response:
    if not ui.is_fragment():
        return _asked(tie, id_, said)
    return ui.render("_related.html", 422, related=read(tie, id_), problem=said)


def _asked(tie: Tie, id_: int, problem: str | None) -> Response:
    label = _label(tie.target, id_)
    status = 422 if problem else 200
    return ui.render("relate.html", status, tie=tie, id=id_, label=label, problem=problem)
