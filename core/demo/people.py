"""The teams and users of Klarwerk, and invented names."""

from __future__ import annotations

from typing import Final

from .. import records, roles
from ..actor import Actor

#: Team and the team above it.
TEAMS: Final = (
    ("Klarwerk", ""), ("Sales", "Klarwerk"), ("Sales North", "Sales"), ("Sales South", "Sales"),
    ("Service", "Klarwerk"), ("Marketing", "Klarwerk"),
)  # fmt: skip
#: Name, e-mail address, team. Nobody can sign in before being invited.
USERS: Final = (
    ("Bruno Achterberg", "bruno@klarwerk.example", "Sales North"),
    ("Imke Lorenz", "imke@klarwerk.example", "Sales North"),
    ("Tomasz Wilk", "tomasz@klarwerk.example", "Sales North"),
    ("Freya Lindqvist", "freya@klarwerk.example", "Sales North"),
    ("Owen Pryce", "owen@klarwerk.example", "Sales North"),
    ("Carla Rossi", "carla@klarwerk.example", "Sales South"),
    ("Hannes Oberhuber", "hannes@klarwerk.example", "Sales South"),
    ("Selin Aksoy", "selin@klarwerk.example", "Sales South"),
    ("Margaux Delorme", "margaux@klarwerk.example", "Sales South"),
    ("Piet Zandstra", "piet@klarwerk.example", "Sales South"),
    ("Almut Reiher", "almut@klarwerk.example", "Sales"),
    ("Jette Mohr", "jette@klarwerk.example", "Service"),
    ("Viktor Lang", "viktor@klarwerk.example", "Service"),
    ("Ronja Petersen", "ronja@klarwerk.example", "Service"),
    ("Emil Strand", "emil@klarwerk.example", "Service"),
    ("Aled Morgan", "aled@klarwerk.example", "Service"),
    ("Noemi Farkas", "noemi@klarwerk.example", "Marketing"),
    ("Henrik Bauer", "henrik@klarwerk.example", "Marketing"),
    ("Lucie Marchand", "lucie@klarwerk.example", "Marketing"),
    ("Theresa Vogl", "theresa@klarwerk.example", "Klarwerk"),
)


def settle(actor: Actor) -> dict[str, list[int]]:
    """Make teams and users; return the ids of the users of each team."""
    teams: dict[str, int] = {}
    for name, parent in TEAMS:
        [made] = records.create("team", [{"name": name, "parent": teams.get(parent)}], actor=actor)
        assert made.id is not None
        teams[name] = made.id
    rows = [{"name": name, "email": email, "team": teams[team]} for name, email, team in USERS]
    outcomes = records.create("user", rows, actor=actor)
    ids = {name: made.id for (name, _, _), made in zip(USERS, outcomes, strict=True) if made.id}
    for name, held in (("Almut Reiher", "manager"), ("Theresa Vogl", "manager")):
        roles.hold("user", ids[name], [held], actor=actor)
    for id_ in teams.values():
        roles.hold("team", id_, ["member"], actor=actor)
    return {of: [ids[name] for name, _, team in USERS if team == of] for of in teams}
