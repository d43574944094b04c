"""Verbs on records: the one way in (D8). All are batches; a single write is a batch of one.

A verb joins the open transaction, takes its actor by name and returns one `Outcome` per row.
All-or-nothing unless `partial`: then rows with problems come back as refused and the others
are written.
"""

from __future__ import annotations

from .amounts import WantedRates as WantedRates
from .batch import Merge as Merge
from .batch import Outcome as Outcome
from .belonging import astray as astray
from .changesets import change_set as change_set
from .changesets import changes_by as changes_by
from .changesets import written as written
from .feed import NOW as NOW
from .feed import feed as feed
from .filling import default_of as default_of
from .hooking import EVERYTHING as EVERYTHING
from .hooking import Committed as Committed
from .hooking import WriteBatch as WriteBatch
from .merges import masters as masters
from .merging import merge as merge
from .merging import merging as merging
from .numbers import number as number
from .parts import POSITION as POSITION
from .purging import purge as purge
from .purging import trashed_ids as trashed_ids
from .reading import deletion as deletion
from .reading import get as get
from .reading import histories as histories
from .reading import history as history
from .reading import merged_into as merged_into
from .reading import since as since
from .reading import survivors as survivors
from .seeing import admitted as admitted
from .seeing import may as may
from .seeing import meeting as meeting
from .seeing import seen as seen
from .undoing import look as look
from .undoing import require_own as require_own
from .undoing import undo as undo
from .unwinding import left_to_undo as left_to_undo
from .unwinding import look_at as look_at
from .unwinding import put_back as put_back
from .unwinding import require_left as require_left
from .upserting import upsert as upsert
from .verbs import create as create
from .verbs import delete as delete
from .verbs import restore as restore
from .verbs import update as update
