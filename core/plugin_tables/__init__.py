"""Tables that plugins keep beside the records: what they are, their ledger, and their rows.

A plugin makes them by numbered steps (`Operations`), which the plugin host runs when the plugin is
enabled. The ledger says in the database what tables there are, so that backup, doctor and purge
know them when the plugin does not run, or is gone.
"""

from __future__ import annotations

from .definitions import CASCADE as CASCADE
from .definitions import PREFIX as PREFIX
from .definitions import Column as Column
from .definitions import Index as Index
from .definitions import Table as Table
from .definitions import Tables as Tables
from .ledger import APPLIED as APPLIED
from .ledger import FILLING as FILLING
from .ledger import Applied as Applied
from .ledger import applied as applied
from .ledger import downs as downs
from .ledger import every as every
from .ledger import fill as fill
from .ledger import forget as forget
from .ledger import note as note
from .ledger import settle as settle
from .ledger import tables_of as tables_of
from .operations import Operations as Operations
from .operations import Statement as Statement
from .releasing import let_go as let_go
from .releasing import releasing as releasing
from .rows import OwnTable as OwnTable
from .rows import follow_ids as follow_ids
from .rows import open_table as open_table
from .rows import put_back as put_back
from .rows import there as there
