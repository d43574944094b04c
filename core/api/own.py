"""Routes on what is one's own: the profile, and what pages and programs keep for oneself."""

from __future__ import annotations

from typing import Final

from ...schemas.people import PreferenceSchema, ProfileChangeSchema
from .. import preferences, profile
from . import wire
from .operations import Answer, Call, Reply, operation

TAG: Final = "own"


@operation("GET", "/my/profile", tag=TAG, replies={200: Reply("Profile")}, problems=(401,))
def get_profile(call: Call) -> Answer:
    """Return who one is: id, address, name, language and time zone; null: the instance's."""
    return Answer(profile.read(actor=call.actor))


@operation(
    "PATCH", "/my/profile", tag=TAG, body="ProfileChange", replies={200: Reply("Profile")},
    problems=(401, 422),
)  # fmt: skip
def change_profile(call: Call) -> Answer:
    """Change one's own name, language or time zone; an administrator changes the address."""
    profile.change(wire.load(ProfileChangeSchema, call.body), actor=call.actor)
    return Answer(profile.read(actor=call.actor))


@operation("GET", "/my/preferences", tag=TAG, replies={200: Reply("Preferences")})
def list_preferences(call: Call) -> Answer:
    """List what is kept for oneself, by name."""
    return Answer({"preferences": preferences.of(actor=call.actor)})


@operation(
    "PUT", "/my/preferences/<name>", tag=TAG, body="Preference",
    replies={200: Reply("Preference")}, problems=(422,),
)  # fmt: skip
def put_preference(call: Call, name: str) -> Answer:
    """Keep something for oneself in the place of what was there; null drops it."""
    given = wire.load(PreferenceSchema, call.body)
    preferences.put(name, given["value"], actor=call.actor)
    return Answer({"value": given["value"]})


@operation("DELETE", "/my/preferences/<name>", tag=TAG, replies={204: Reply(None)}, problems=(422,))
def drop_preference(call: Call, name: str) -> Answer:
    """Forget something that was kept for oneself."""
    preferences.drop(name, actor=call.actor)
    return Answer(status=204)
