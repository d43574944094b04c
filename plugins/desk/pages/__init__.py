"""The pages of the desk, a module for each kind of them."""

from __future__ import annotations

from . import about as about
from . import account as account
from . import errors as errors
from . import forgotten as forgotten
from . import help as help  # noqa: A004  # the pages by their name
from . import home as home
from . import jobs as jobs
from . import keys as keys
from . import links as links
from . import mail as mail
from . import plugin_packages as plugin_packages
from . import plugin_settings as plugin_settings
from . import plugins as plugins
from . import second_factor as second_factor
from . import sign_in as sign_in
from .access import audit as audit
from .access import holding as holding
from .access import privacy as privacy
from .access import roles as roles
from .access import sharing as sharing
from .access import viewing as viewing
from .dashboards import building as building
from .dashboards import shown as shown
from .dashboards import widgets as widgets
from .lists import arranging as arranging
from .lists import board as board
from .lists import builder as builder
from .lists import bulk as bulk
from .lists import calendar as calendar
from .lists import lists as lists
from .lists import saved as saved
from .lists import selecting as selecting
from .model import designer as designer
from .model import designing as designing
from .model import generations as generations
from .model import publishing as publishing
from .model import relating as relating
from .people import inviting as inviting
from .people import leaving as leaving
from .people import visits as visits
from .records import around as around
from .records import changing as changing
from .records import conflict as conflict
from .records import figures as figures
from .records import forms as forms
from .records import history as history
from .records import lookups as lookups
from .records import making as making
from .records import merging as merging
from .records import own_changes as own_changes
from .records import parts as parts
from .records import record as record
from .records import related as related
from .records import undoing as undoing
