"""Look into a file that was sent: how it is written, its columns, and where they may go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final

from relatum import Actor, RelatumError, catalog, imports, reading, seen, uploads

from . import formats, systems
from .formats import How
from .offering import Offer, offer, usable
from .proposing import filled_by, fitted, propose
from .reading import names_of

#: Rows that are looked at for styles, and those that people are shown.
LOOKED: Final = 500
SHOWN: Final = 5
#: Which map is proposed: the last one for these columns, that for a system's file, by names alone,
#: or a saved one, which has its name after the sign.
LAST, SYSTEM, NAMES, SAVED = "last", "system", "names", "saved:"


@dataclass(slots=True)
class Look:
    """What was found in a file: `map` is the import map that is proposed for its type."""

    upload: uploads.Upload
    how: How
    header: list[str]
    count: int
    sample: list[list[str]]
    sheets: tuple[str, ...]
    type: str | None = None
    map: dict[str, Any] | None = None
    #: Which map that is, and which others there are.
    used: str | None = None
    maps: list[str] = field(default_factory=list)
    #: Columns that the saved map names and the file lacks.
    absent: list[str] = field(default_factory=list)
    #: What the file of another system is offered; what it can be, if it goes into another type.
    offer: Offer | None = None
    files: list[systems.SystemFile] = field(default_factory=list)
    #: Types that the file is rather about.
    others: list[str] = field(default_factory=list)

    def as_json(self, actor: Actor) -> dict[str, Any]:
        """Return it as the API does; in a reading transaction."""
        return {
            "id": self.upload.id, "name": self.upload.name, "size": self.upload.size,
            "how": self.how.as_json(), "header": self.header, "rows": self.count,
            "sample": self.sample[:SHOWN], "sheets": list(self.sheets), "map": self.map,
            "used": self.used, "maps": self.maps, "absent": self.absent,
            "offer": self.offer.as_json(actor) if self.offer else None,
            "looks_like": [
                {"system": f.system, "file": f.label, "type": best(f, actor)} for f in self.files
            ],
        }  # fmt: skip


def best(file: systems.SystemFile, actor: Actor) -> str:
    """Return the type that a file goes into: the first that is there, else the one to be made."""
    known = seen(actor).types
    return next((name for name in file.types if name in known), file.types[-1])


def look(
    upload_id: int,
    *,
    actor: Actor,
    type_name: str | None = None,
    how: How | None = None,
    use: str | None = None,
) -> Look:
    """Look into a file; opens its own transactions. Raises what is wrong with the file.

    `type_name` may be a type that is to be made for a file of this kind. `use` says which map is
    proposed. Raises `type_unknown`, `map_unknown`; `bad_parameter` for a word that names no map.
    """
    with reading():
        upload = uploads.get(upload_id, actor=actor)
        # A type that is to be made has no names yet.
        is_there = type_name is not None and type_name in seen(actor).types
        known = names_of(str(type_name), actor) if is_there else formats.Names()
    with uploads.opened(upload.id) as file:
        found = formats.detect(file, upload.name, how)
        with formats.opened(file, upload.name, found, known) as table:
            rows = islice(table.rows(), LOOKED)
            sample = [c for row in rows for _, c in (row[:2], *imports.rest_of(row))][:LOOKED]
            header, count, sheets = table.header, table.count, table.sheets
    made = Look(upload, found, header, count, sample, sheets, type=type_name)
    with reading():
        made.files = systems.recognise(header, type_name)
        if type_name is not None:
            made.offer = offer(made.files, type_name, header, sample, actor=actor)
        if made.offer is None:
            types = seen(actor).types
            there = [f for f in made.files if f.make is not None or best(f, actor) in types]
            made.others = list(dict.fromkeys(best(file, actor) for file in there))
        if type_name is not None:
            if made.offer is None or made.offer.file.make is None:
                seen(actor).type(type_name)
            if type_name in seen(actor).types:
                _choose(made, seen(actor).type(type_name), use, actor)
    return made


def _choose(made: Look, entity_type: catalog.EntityType, use: str | None, actor: Actor) -> None:
    """Note the maps that there are, and the one that is proposed."""
    name, header = entity_type.name, made.header
    last = imports.remembered(name, header)
    there = [LAST] if last is not None else []
    there += [SYSTEM] if made.offer is not None else []
    made.maps = [*there, NAMES, *(f"{SAVED}{m.name}" for m in imports.saved(name, actor=actor))]
    if last is not None and made.offer is not None and not _finds(last, made.offer, entity_type):
        # It was used before the field that records are found by was there.
        there.reverse()
    made.used = use or (there or [NAMES])[0]
    if made.used.startswith(SAVED):
        kept = imports.get_saved(name, made.used.removeprefix(SAVED), actor=actor)
        made.used, made.absent = f"{SAVED}{kept.name}", _absent(kept.map, header)
        given: dict[str, Any] = fitted(kept.map, entity_type, header)
    elif made.used == LAST and last is not None:
        given = fitted(last, entity_type, header)
    elif made.used == SYSTEM and made.offer is not None:
        given = usable(made.offer, header, actor) or {}
    elif made.used == NAMES:
        given = {}
    else:
        reason = f"'{made.used[:80]}' is no map for it. Known: {', '.join(made.maps)}"
        raise RelatumError("bad_parameter", name="use", reason=reason)
    made.map = propose(entity_type, header, made.sample, given)


def _finds(document: dict[str, Any], made: Offer, entity_type: catalog.EntityType) -> bool:
    """Say whether a map fills the field of the system's id, as far as that is there."""
    known = entity_type.fields
    return made.file.id not in known or made.file.id in filled_by(document)


def _absent(document: dict[str, Any], header: Sequence[str]) -> list[str]:
    named = document.get("columns") or {}
    return [name for name, column in named.items() if column and name not in header]


def told(found: Look, actor: Actor) -> list[str]:
    """Return in sentences what a file of another system is, and what is in its way."""
    known, said = seen(actor).types, []
    called = known[found.type].plural if found.type and found.type in known else found.type
    if found.absent:
        said.append(f"The file lacks columns of the map: {', '.join(found.absent)}.")
    if found.offer is None:
        for name in found.others:
            file = found.files[0]
            plural = known[name].plural if name in known else name
            said.append(
                f"This looks like {file.system}: {file.label}, which are {plural} and not "
                f"{called}. Say {name} instead."
            )
        return said
    said.append(f"This looks like {found.offer.name}.")
    if found.offer.missing:
        labels = found.offer.labels
        said.append(f"Missing for it ({len(labels)}): {', '.join(labels)}.")
    for name, column in found.offer.first.items():
        plural = known[name].plural
        said.append(f"None of the {plural} that {column} names is there. Import them first.")
    return said
