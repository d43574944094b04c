"""Roles: what they allow, who holds them, what is shared, and why somebody may do something."""

from __future__ import annotations

from ..access import ACTIONS as ACTIONS
from ..access import SCOPES as SCOPES
from ..access import WHOLE as WHOLE
from .editing import drop as drop
from .editing import get as get
from .editing import list_roles as list_roles
from .editing import save as save
from .explaining import MOST_SEEN as MOST_SEEN
from .explaining import who_sees as who_sees
from .explaining import why as why
from .holding import circles as circles
from .holding import give as give
from .holding import held as held
from .holding import hold as hold
from .holding import holders as holders
from .joining import join as join
from .keeping import forget_permissions as forget_permissions
from .keeping import lines_on as lines_on
from .keeping import put_back as put_back
from .opening import OPENINGS as OPENINGS
from .opening import open_type as open_type
from .opening import told_of as told_of
from .proposing import Proposal as Proposal
from .proposing import accept as accept
from .proposing import of_declarations as of_declarations
from .proposing import told as told
from .sharing import share as share
from .sharing import shares as shares
from .sharing import unshare as unshare
from .sighting import seers as seers
