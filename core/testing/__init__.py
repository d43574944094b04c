"""What `relatum.testing` is made of: loaded by the first test that uses it, and by nothing else.

Instances are installed once, prepared once and copied; everything in them is real: the database,
the application that a server calls, the plugin. The conformance suite is made of the same.
"""

from __future__ import annotations

from .client import Client as Client
from .instances import Instance as Instance
from .kit import Asked as Asked
from .kit import Kit as Kit
from .levers import Clock as Clock
from .levers import Generations as Generations
from .levers import Jobs as Jobs
from .levers import Mail as Mail
from .levers import Outbox as Outbox
from .making import Make as Make
from .people import User as User
from .people import Users as Users
from .subjects import Tested as Tested
