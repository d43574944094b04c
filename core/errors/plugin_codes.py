"""What can be wrong with plugins: finding, installing, enabling and removing them."""

from __future__ import annotations

from .registry import codes

codes(
    404,
    plugin_unknown=(
        "Unknown plugin",
        "There is no plugin '{plugin}'.{nearest} Run: relatum plugins list",
    ),
    plugin_off=(
        "Plugin does not run",
        "This address belongs to plugin '{plugin}', which {why}. The command relatum "
        "plugins show {plugin} says more.",
    ),
    archive_unknown=(
        "Unknown archive",
        "There is no archive '{archive}' of a purged plugin. See relatum plugins archives.",
    ),
    name_unowned=(
        "Nobody's name",
        "No plugin brings '{name}'. A field is asked for as TYPE.FIELD; see relatum plugins order.",
    ),
)
codes(
    409,
    shell_taken=(
        "Two shells",
        "'{plugin}' brings the pages of the instance, and so does '{other}', which is enabled. "
        "Disable one first: relatum plugins disable {other}.",
    ),
    plugin_requires=(
        "Requirement missing",
        "Plugin '{plugin}' requires {wanted}. Enable '{id}' first.",
    ),
    plugin_needed=(
        "Plugin needed",
        "Plugin '{plugin}' is required by {by}. Disable those first, or use --cascade.",
    ),
    plugin_restart=(
        "Former code runs",
        "Plugin '{plugin}' can't be changed by this process: {reason}. On its machine, run: "
        "relatum plugins enable {plugin}. That replaces the workers too.",
    ),
    plugin_shared=(
        "Plugin's types in use",
        "Plugin '{plugin}' can't be purged: others keep {uses} on its types. Remove these plugins "
        "first, or keep the data.",
    ),
    archive_refused=(
        "Archive not restored",
        "'{archive}' is not brought back: {reason}. Nothing was changed.",
    ),
    install_refused=(
        "No package to install",
        "'{what}' can't be installed: {reason}. Give a name such as 'relatum-loyalty>=1', or a "
        "wheel.",
    ),
    install_off=(
        "Not from the web",
        "This instance installs no packages from the web: plugin_install is 0. Use the command "
        "relatum plugins install on its machine.",
    ),
    install_failed=(
        "Installer failed",
        "The package was not installed: {reason}. Where this environment can be changed, run: "
        "{command}",
    ),
    plugin_not_enabled=("Plugin not enabled", "Plugin '{plugin}' is not enabled."),
)
codes(
    422,
    plugin_setting_unknown=(
        "Unknown setting",
        "Plugin '{plugin}' has no setting '{setting}'.{nearest} Run: relatum plugins settings "
        "{plugin}",
    ),
    setting_variable=(
        "Not a variable",
        "After env: goes the name of a variable of the environment, such as env:SHOP_TOKEN; those "
        "of RELATUM_ are the instance's own.",
    ),
    setting_variable_missing=(
        "Variable missing",
        "The variable {variable} of the environment, which it is read from, is not set. Set it "
        "where the instance is started, or set the value here.",
    ),
    setting_key_lost=(
        "Key lost",
        "Its key is not in the key ring. Put the key back, or set the value again.",
    ),
    plugin_unfit=(
        "Plugin can't be used",
        "Plugin '{plugin}' can't be used: {reason}. Correct it, or tell its author.",
    ),
    check_unreadable=(
        "Nothing to check",
        "'{path}' can't be checked: {reason}. Name a project, the folder or file of a plugin, or a "
        "wheel.",
    ),
    scaffold_refused=("No package written", "No package is written: {reason}."),
    rejected=("Refused by a plugin", "{message} (says plugin '{plugin}')."),
    hook_depth=(
        "Hooks too deep",
        "Plugins wrote records from {hook} that called them again, {limit} times over. Disable the "
        "plugin that was enabled last, and tell its author.",
    ),
    name_prefix_plugin=(
        "Prefix missing",
        "'{name}' of plugin '{plugin}' must begin with '{prefix}': its {what} carry its id, so "
        "that no two plugins can clash.",
    ),
)
