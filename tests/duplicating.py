"""An instance with duplicates, people in two teams, and Ada, whom others are twins of."""

from __future__ import annotations

import pytest

from relatum.core import jobs, query, records, roles
from relatum.core.actor import Actor
from relatum.core.errors import Invalid
from relatum.plugins.duplicates import find

ADA = {
    "name": {"first": "Ada", "last": "Lovelace"}, "email": "ada@engine.example",
    "phone": "+49 30 1234567",
}  # fmt: skip
BLOCK = {
    "name": "Mailboxes", "entity_type": "contact", "action": "block", "threshold": 80,
    "conditions": [{"fields": "email", "comparison": "email", "points": 80}],
}  # fmt: skip


def fill(instance):
    """Enable duplicates; let there be people in two teams, and Ada."""
    instance.enable("duplicates")
    theirs = {"read": "team", "create": "all", "update": "team", "delete": "team"}
    seller = {"types": {"contact": theirs, "lead": theirs, "account": theirs}}
    instance.write(roles.save, "seller", {**seller, "permissions": ["duplicates.review"]})
    for name, team in (("Bob", "Ours"), ("Charlie", "Theirs")):
        [made] = instance.create("team", {"name": team})
        user = person(instance, name).user_id
        instance.write(records.update, "user", [{"id": user, "team": made}])
        instance.write(roles.hold, "user", user, ["seller"])
    instance.create("contact", ADA, actor=person(instance, "Bob"))


def person(crm, name):
    """Return somebody as an actor."""
    asked = {"filter": {"field": "name", "value": name}}
    with crm.reading():
        [user] = query.page(query.from_json("user", asked, actor=crm.alice)).records
    return Actor(user_id=user["id"], team_id=user["team"], name=name)


def found(crm, type_name="contact", *, actor=None, against=None, **row):
    """Return the matches of one row."""
    [matches] = crm.read(find, type_name, [row], actor=actor or crm.alice, against=against)
    return matches


def asked(crm, type_name="contact", *, verb=records.create, actor=None, accept=(), **row):
    """Return the problems of one row that is refused."""
    with pytest.raises(Invalid) as refused:
        crm.write(verb, type_name, [row], actor=actor or crm.alice, accept=accept)
    return refused.value.problems


def ada(crm):
    """Return the id of Ada, the first of those that are called so."""
    return min(match.id for match in found(crm, email=ADA["email"]))


def run(crm):
    """Do all jobs that wait; return what became of each kind."""
    done = {}
    with crm.app.app_context():
        while waiting := crm.read(jobs.list_jobs, state="queued"):
            for job in waiting:
                done[job["kind"]] = jobs.run(job["id"], by="test", pause=lambda: False)
    return done
