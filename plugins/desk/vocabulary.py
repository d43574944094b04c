"""What the desk says at many places, in English: comparisons, dates, texts of scripts.

They are translated where they are shown.
"""

from __future__ import annotations

from typing import Final

#: Comparisons as people say them; translated where they are shown.
OPERATORS: Final = {
    "eq": "is", "ne": "is not", "in": "is one of", "nin": "is none of", "ieq": "is, in any case",
    "contains": "contains", "starts": "starts with", "has": "has", "has_any": "has any of",
    "has_all": "has all of", "has_none": "has none of", "gt": "is more than",
    "gte": "is at least", "lt": "is less than", "lte": "is at most", "between": "is between",
    "category": "is in the category", "under": "is or is below", "above": "is or is above",
    "empty": "is empty", "filled": "is not empty", "is_me": "is me", "not_me": "is not me",
    "near": "is near",
}  # fmt: skip
#: Comparisons that say all there is to say.
WITHOUT_VALUE: Final = frozenset({"empty", "filled", "is_me", "not_me"})
#: Kinds of options, whatever they are called.
CATEGORIES: Final = {
    "open": "Open", "closed": "Closed", "won": "Won", "lost": "Lost", "done": "Done",
    "canceled": "Canceled",
}  # fmt: skip
#: Comparisons of dates, instants and times that people say in another way.
DATES: Final = {
    "gt": "is after", "gte": "is on or after", "lt": "is before", "lte": "is on or before",
}  # fmt: skip
#: Moments in relation to now, by their unit.
MOMENTS: Final = {
    "today": "today", "now": "now", "-d": "{count} days ago", "+d": "in {count} days",
    "-h": "{count} hours ago", "+h": "in {count} hours",
    "-m": "{count} minutes ago", "+m": "in {count} minutes",
}  # fmt: skip


#: What the scripts of a page say, by the names that they know it by.
SCRIPTS: Final = {
    "undo": "Undo", "dismiss": "Dismiss", "cancel": "Cancel", "confirm": "Continue",
    "failed": "Something went wrong. Nothing was saved.",
    "not_allowed": "You can't do that, or it no longer exists.",
    "no_answer": "The server did not answer. Try again.",
    "offline": "You are offline. Nothing was saved.",
    "signed_out": "You are signed out. Nothing was saved.",
    "selected": "{count} selected",
    "selection": "{count} selected. Press Tab to reach the actions.",
    "selection_cleared": "Selection cleared",
    "results": "{count} results",
    "lifted": "{name} lifted, {place}. Arrow keys move, Space drops, Escape cancels.",
    "place": "{column}, position {position} of {count}",
    "position": "Position {position} of {count}",
    "put_back": "{reason} It was put back.",
    "cancelled": "Cancelled",
    "session_over": "You were signed out",
    "session_kept": "Sign in again to go on. What you typed is still here.",
    "email": "E-mail address",
    "password": "Password",
    "sign_in": "Sign in",
    "code": "Code of your app",
    "draft": "Unsaved text from {time}.",
    "restore": "Restore",
    "discard": "Discard",
    "leave": "What you typed is not saved. Discard it?",
    "kept": "Not saved. What you typed is kept; try again.",
    "line": "Line {number}",
    "line_up": "Move line {number} up",
    "line_down": "Move line {number} down",
    "line_x": "Remove line {number}",
    "line_added": "Line added, {count} in all",
    "line_removed": "Line removed, {count} left",
    "format": "Format",
    "bold": "Bold",
    "italic": "Italic",
    "bullets": "Bullets",
    "numbers": "Numbers",
    "plain": "Without format",
    "pick_colour": "Pick a colour",
    "remove_tag": "Remove {tag}",
    "tag_removed": "{tag} removed",
}  # fmt: skip
