"""The audit log: who did what beside writing records, and the chain over it and over history.

Verbs call `note` in the transaction of what they do. A job seals what was committed (`seal_some`),
and `verify` names every row that is no longer what was sealed.
"""

from __future__ import annotations

from .events import EVENTS as EVENTS
from .looking import entries as entries
from .noting import ENTRIES as ENTRIES
from .noting import Done as Done
from .noting import note as note
from .noting import note_all as note_all
from .sealing import CHANGE_SET as CHANGE_SET
from .sealing import ENTRY as ENTRY
from .sealing import HEAD as HEAD
from .sealing import hold as hold
from .sealing import seal_some as seal_some
from .sealing import spare as spare
from .sealing import unsealed as unsealed
from .settings import note_settings as note_settings
from .verifying import Verdict as Verdict
from .verifying import verify as verify
