"""What the audit log tells of: each event's name, and what it is called."""

from __future__ import annotations

from typing import Final

from ..languages import Phrase

EVENTS: Final[dict[str, Phrase]] = {
    "sign_in": Phrase("Signed in"),
    "sign_in_failed": Phrase("Sign-in refused"),
    "sign_out": Phrase("Signed out"),
    "sessions_ended": Phrase("Sessions ended"),
    "identity_linked": Phrase("Linked with a sign-in provider"),
    "identity_unlinked": Phrase("Unlinked from a sign-in provider"),
    "password_set": Phrase("Password set"),
    "invited": Phrase("Invited"),
    "link_made": Phrase("Sign-in link made"),
    "reset_link_made": Phrase("Link for a new password made"),
    "second_factor_on": Phrase("Second factor switched on"),
    "second_factor_off": Phrase("Second factor switched off"),
    "second_factor_reset": Phrase("Second factor reset"),
    "recovery_codes_made": Phrase("Recovery codes made"),
    "token_made": Phrase("Token made"),
    "token_revoked": Phrase("Token revoked"),
    "user_changed": Phrase("User changed"),
    "role_saved": Phrase("Role changed"),
    "role_dropped": Phrase("Role dropped"),
    "roles_held": Phrase("Roles given or taken"),
    "shared": Phrase("Record shared"),
    "unshared": Phrase("Share taken back"),
    "exported": Phrase("Records exported"),
    "plan_applied": Phrase("Data model changed"),
    "plugin_installed": Phrase("Package installed"),
    "plugin_enabled": Phrase("Plugin enabled"),
    "workers_replaced": Phrase("Workers replaced by new ones"),
    "plugin_disabled": Phrase("Plugin disabled"),
    "plugin_held_back": Phrase("Plugin held back"),
    "plugin_removed": Phrase("Plugin removed"),
    "plugin_purged": Phrase("Plugin purged"),
    "plugin_restored": Phrase("Plugin restored"),
    "plugin_settings": Phrase("Settings of a plugin changed"),
    "schedule_changed": Phrase("Schedule of jobs changed"),
    "settings_changed": Phrase("Settings changed"),
    "keys_rotated": Phrase("Key ring rotated"),
    "view_as": Phrase("Looked as somebody else"),
    "person_exported": Phrase("Personal data exported"),
    "person_erased": Phrase("Personal data erased"),
}
