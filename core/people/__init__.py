"""People who come and go: invited with a team and roles, and leaving with what they own.

Both are verbs on users, roles, links and mails that belong together: all of one call is written,
or nothing is.
"""

from __future__ import annotations

from .inviting import ROW as ROW
from .inviting import Invited as Invited
from .inviting import invite as invite
from .leaving import disable as disable
from .leaving import enable as enable
from .leaving import leaving as leaving
from .listed import decoded as decoded
from .listed import listed as listed
