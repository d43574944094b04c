"""The plugin host: finds plugins, runs those that are enabled, and keeps what they declare.

Plugins are found without being run. Enabling one is planned and applied like any change of the
data model; what it declares becomes rows that it owns. Workers never write what an
administrator wants: a plugin that fails is left out, with the reason, and the rest serves.
"""

from __future__ import annotations

# Importing the packages registers the kinds of jobs that the core brings, beside the plugins'.
from .. import mail as mail
from .. import own_jobs as own_jobs
from .discovery import Found as Found
from .discovery import discover as discover
from .following import adopt as adopt
from .following import current as current
from .following import follow as follow
from .following import language as language
from .following import pin as pin
from .loading import Active as Active
from .loading import Fault as Fault
from .loading import Loaded as Loaded
from .loading import load as load
from .loading import states as states
from .looking import list_plugins as list_plugins
from .looking import outdated as outdated
from .looking import show as show
from .manifest import PARSING as PARSING
from .manifest import Manifest as Manifest
from .manifest import Plugin as Plugin
from .manifest import Unfit as Unfit
from .parts import BUDGET_MS as BUDGET_MS
from .parts import PartFailed as PartFailed
from .parts import answers as answers
from .parts import call as call
from .parts import draw as draw
from .parts import notes as notes
from .presets import NONE as NONE
from .presets import at_work as at_work
from .presets import enable_preset as enable_preset
from .presets import plugins_of as plugins_of
from .presets import presets as presets
from .routes import Access as Access
from .routes import Permission as Permission
from .routes import Routes as Routes
from .routes import Shell as Shell
from .routes import access_of as access_of
from .routes import context as context
from .routes import mounts as mounts
from .routes import requires as requires
from .running import commands_of as commands_of
from .running import is_enabled as is_enabled
from .running import note_faults as note_faults
from .statics import WORD as WORD
from .statics import digest as digest
from .statics import static_url as static_url
from .verbs import PluginPlan as PluginPlan
from .verbs import disable as disable
from .verbs import enable as enable
from .verbs import plan_disable as plan_disable
from .verbs import plan_enable as plan_enable
from .writing import write_manifest as write_manifest
