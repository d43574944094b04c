"""Begin a plugin: write a package that can be checked, tested and published as it is.

The files are templates in the folder `files`, which is shipped; nothing is fetched.
"""

from __future__ import annotations

from .asking import LICENSES as LICENSES
from .asking import Asked as Asked
from .asking import asked as asked
from .writing import write as write
