"""Personal data of one person: where it is, all of it as one document, and its erasure.

A person is one or more records, of any types, that say the same e-mail address or phone number.
What is personal of them is said by their fields: those marked personal, and encrypted ones.
"""

from __future__ import annotations

from .beside import PersonalData as PersonalData
from .certifying import is_genuine as is_genuine
from .erasing import erase as erase
from .exporting import export as export
from .finding import Trace as Trace
from .finding import find as find
from .finding import traces as traces
