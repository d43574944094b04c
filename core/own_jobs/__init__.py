"""The kinds of jobs that the core brings: importing the package registers them."""

from __future__ import annotations

from .bulk import BULK_DELETE as BULK_DELETE
from .bulk import BULK_LINK as BULK_LINK
from .bulk import BULK_RESTORE as BULK_RESTORE
from .bulk import BULK_UNLINK as BULK_UNLINK
from .bulk import BULK_UPDATE as BULK_UPDATE
from .empty_trash import EMPTY_TRASH as EMPTY_TRASH
from .forget import FORGET as FORGET
from .hand_over import HAND_OVER as HAND_OVER
from .hand_over import owned as owned
from .sealing import SEAL as SEAL
from .sealing import VERIFY as VERIFY
from .undo import UNDO as UNDO
