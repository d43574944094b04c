"""The world of the oracle: what nora may see, what she may not, and ways to change only the latter.

Two copies of one world are twins. In the second a secret is another one, or is not there: nothing
that nora sees may tell which of them she is in.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from relatum.core import (
    auth,
    clock,
    db,
    imports,
    jobs,
    positions,
    preferences,
    records,
    roles,
    views,
)

#: The words of the secret in either world; a guess may name both.
HERE, THERE = "alpha", "omega"
HIDDEN: Final = {"read": False, "update": False, "create": False}
LOCKED: Final = {"read": True, "update": False, "create": True}
DO: Final = ("read", "update", "delete", "restore", "purge", "export", "share", "assign", "bulk")
NAME: Final = {
    "name": "name", "kind": "text", "required": True, "unique": True, "sortable": True,
}  # fmt: skip
#: What a criterion admits: deals that are large and not those of the south.
LARGE: Final = {"filter": {"field": "amount", "op": "gte", "value": "500"}}
SCOPES: Final = {"own": "own", "team": "team", "tree": "tree", "criteria": LARGE}


def link(name: str, target: str, **words: Any) -> dict[str, Any]:
    """Return a link to another type; words other than `required` are settings."""
    made = {"name": name, "kind": "lookup", "required": words.pop("required", False)}
    return {**made, "settings": {"target": target, **words}}


def _types(instance: Any) -> None:
    secret = {"name": "secret", "kind": "text", "unique": True, "sortable": True, "indexed": True}
    pay = {"name": "pay", "kind": "integer", "sortable": True, "indexed": True}
    instance.make_type(
        "x_firm", NAME, secret, pay, link("above", "x_firm", tree=True, inverse="below"),
        title="name",
    )  # fmt: skip
    instance.make_type(
        "x_person", NAME, link("firm", "x_firm", inverse="staff", on_delete="clear"), title="name"
    )
    instance.make_type(
        "x_deal", NAME, secret, pay,
        {"name": "amount", "kind": "money", "sortable": True, "indexed": True},
        {"name": "closed", "kind": "date", "sortable": True},
        {"name": "stage", "kind": "choice", "options": [{"value": v} for v in ("new", "won")]},
        {"name": "tags", "kind": "tags"},
        {"name": "traits", "kind": "tags"},
        {"name": "locked", "kind": "text"},
        {"name": "number", "kind": "auto_number", "settings": {"mask": "D-{number:4}"}},
        {"name": "code", "kind": "text"},
        link("firm", "x_firm", inverse="deals"),
        link("friend", "x_person", inverse="favourites", on_delete="clear"),
        title="name", keys=[["code", "secret"]],
    )  # fmt: skip
    instance.make_type(
        "x_item",
        link("deal", "x_deal", required=True, part=True, inverse="items"),
        {"name": "product", "kind": "text", "required": True, "sortable": True},
        {"name": "quantity", "kind": "integer", "sortable": True},
        {"name": "margin", "kind": "integer", "sortable": True},
        {"name": "position", "kind": "integer"},
        title="product",
    )  # fmt: skip
    instance.make_type(
        "x_role",
        link("person", "x_person", required=True, on_delete="cascade", inverse="roles"),
        link("deal", "x_deal", required=True, on_delete="cascade", inverse="people"),
        {"name": "part", "kind": "text"},
        title="part", keys=[["person", "deal"]],
    )  # fmt: skip
    instance.make_type("x_vault", NAME, secret, link("deal", "x_deal", inverse="vaults"))


def _people(instance: Any) -> dict[str, int]:
    found: dict[str, int] = {}
    for name, above in (("North", None), ("Coast", "North"), ("South", None)):
        [found[name]] = instance.create("team", {"name": name, "parent": found.get(above or "")})
    for name, team in (("nora", "North"), ("ned", "North"), ("cora", "Coast"), ("sam", "South")):
        [found[name]] = instance.create(
            "user", {"name": name, "email": f"{name}@example.org", "team": found[team]}
        )
    return found


def _deals(instance: Any, ids: dict[str, int]) -> None:
    """Make what each has: a large deal and a small one, with a line, a firm and somebody on it."""
    for place, who in enumerate(("nora", "ned", "cora", "sam")):
        firm, person = f"{who} and sons", f"{who}'s friend"
        row: dict[str, Any] = {"name": firm, "owner": ids[who], "secret": f"{HERE} firm {who}"}
        [ids[firm]] = instance.create("x_firm", {**row, "pay": 70 - place})
        row = {"name": person, "owner": ids[who], "firm": ids[firm]}
        [ids[person]] = instance.create("x_person", row)
        for size, amount in (("large", 900 + place), ("small", 10 + place)):
            deal = f"{who} {size}"
            row = {
                "name": deal, "owner": ids[who], "secret": f"{HERE} {deal}", "pay": 50 - place,
                "amount": amount, "closed": f"2026-0{place + 1}-0{place + 1}", "stage": "new",
                "tags": [size], "traits": [HERE], "locked": "shut", "firm": ids[firm],
                "code": f"c{place}{size}", "friend": ids[person],
                "items": [{"product": f"{size} pump", "quantity": place + 1, "margin": 7}],
            }  # fmt: skip
            [ids[deal]] = instance.create("x_deal", row)
            tie = {"person": ids[person], "deal": ids[deal], "part": size, "owner": ids[who]}
            [ids[f"{deal} role"]] = instance.create("x_role", tie)
    vault = {"name": f"{HERE} vault", "secret": f"{HERE} vault", "deal": ids["nora large"]}
    [ids["vault"]] = instance.create("x_vault", vault)
    pointing = {"id": ids["nora large"], "friend": ids["sam's friend"]}
    instance.write(records.update, "x_deal", [{"id": ids["sam large"], "amount": 950}])
    instance.write(records.update, "x_deal", [pointing])
    instance.write(records.update, "x_deal", [{"id": ids["nora large"], "pay": 51, "stage": "won"}])
    # What nora sees comes last: the next change has a number after it in either world.
    for deal in ("sam small", "nora small"):
        instance.write(records.delete, "x_deal", [{"id": ids[deal]}])


def _private(instance: Any, ids: dict[str, int]) -> None:
    """Let alice keep things of her own: a view, a preference, a job, a map, a share."""
    view = {"label": f"{HERE} view", "query": {"sort": ["name"]}}
    instance.write(views.save, "x_firm", "my_own", view)
    instance.write(preferences.put, "desk.draft", {"note": HERE})
    asked = {"type": "x_deal", "filter": {"field": "name", "value": HERE}}
    ids["job"] = instance.write(jobs.enqueue, "bulk_delete", asked)
    document = {"relatum_map": 1, "columns": {f"{HERE} column": "name"}}
    instance.write(imports.save, "x_vault", f"{HERE} map", document)
    # Shared with nora, whatever her scope admits.
    instance.write(roles.share, "x_deal", ids["cora small"], user=ids["nora"])


def build(instance: Any) -> dict[str, Any]:
    """Make the world; return ids by name, and by whom and when it is asked."""
    _types(instance)
    ids = _people(instance)
    _deals(instance, ids)
    _private(instance, ids)
    for scope, given in SCOPES.items():
        line: dict[str, Any] = dict.fromkeys(DO, given) | {"create": "all", "import": "all"}
        plain = line if isinstance(given, str) else dict.fromkeys(DO, "own") | {"create": "all"}
        whole = dict.fromkeys(DO, "all") | {"create": "all", "import": "all"}
        role = {
            "types": {
                "x_deal": line, "x_person": plain, "x_role": plain, "x_firm": whole,
                # Whoever reads his own alone does not even see who else is there.
                **({} if scope == "own" else {"user": {"read": "all"}, "team": {"read": "all"}}),
            },
            "fields": {
                **{f"x_deal.{name}": HIDDEN for name in ("secret", "pay", "traits")},
                **{f"x_firm.{name}": HIDDEN for name in ("secret", "pay")},
                "x_item.margin": HIDDEN, "x_deal.locked": LOCKED,
            },
            "permissions": ["desk.use", "transfer.import", "transfer.export"],
        }  # fmt: skip
        instance.write(roles.save, f"scope_{scope}", role)
    # By the lines of the change sets that are there now: a secret may take some away.
    with instance.app.app_context():
        positions.settle()
    return {"ids": ids, "now": clock.now()}


def enter(scope: str) -> Callable[[Any], dict[str, Any]]:
    """Return what lets nora in with a scope: by a cookie, and by a token."""

    def entered(instance: Any) -> dict[str, Any]:
        [nora] = instance.sql("SELECT id FROM core_user WHERE name = 'nora'")
        instance.write(roles.hold, "user", nora.id, [f"scope_{scope}"])
        _, token = instance.write(auth.make_token, nora.id, "hers", None)
        with instance.app.app_context():
            session = db.transact(lambda: auth.sign_in(nora.id))
        return {"token": token, "cookie": session.cookie, "csrf": session.csrf}

    return entered
