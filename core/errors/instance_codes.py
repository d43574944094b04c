"""What can be wrong with the instance, its database or its machine: codes of status 5xx."""

from __future__ import annotations

from .registry import codes

codes(
    500,
    internal=(
        "Internal error",
        "Something went wrong here, not with your request. It was logged as {id}.",
    ),
)
codes(
    500,
    hook_failed=(
        "Plugin failed",
        "Plugin '{plugin}' failed in {hook}: {reason}. Nothing was written; disable the plugin or "
        "tell its author.",
    ),
    own_table_unknown=(
        "Plugin has no such table",
        "Plugin '{plugin}' has no table '{table}' of its own.{nearest} Its migrations make them; "
        "enable the plugin again, or tell its author.",
    ),
    own_column_unknown=(
        "Plugin's table has no such column",
        "Table '{table}' of plugin '{plugin}' has no column '{column}'.{nearest} Its migrations "
        "make them; enable the plugin again, or tell its author.",
    ),
)
codes(
    503,
    database_busy=(
        "Database busy",
        "The database did not answer within {seconds} s. Try again in a moment.",
    ),
    database_gone=(
        "Database gone",
        "The database can't be reached: {reason}. Start it or correct database_url.",
    ),
    disk_full=(
        "Disk full",
        "The disk of the database is full. Nothing was written; free some space and try again.",
    ),
    query_too_costly=(
        "Query too costly",
        "Reading took longer than read_timeout ({limit} s). Narrow the filter or make its fields "
        "indexed.",
    ),
    apply_busy=(
        "Data model busy",
        "The change of the data model got no lock within {seconds} s. Try again.",
    ),
    fill_waits=(
        "Data step waits",
        "A data step for the tables of plugin '{plugin}' can't go on, since the plugin does not "
        "run: {reason}. Correct that, then retry the job.",
    ),
    plugins_busy=(
        "Plugins busy",
        "Plugins were enabled and disabled for {seconds} s without a pause. Try again.",
    ),
    not_initialised=("Not initialised", "There is no instance at {url}. Run: relatum init"),
    schema_older=(
        "Database older than the program",
        "The database is at core schema {found}, this program needs {needed}. Run: relatum upgrade",
    ),
    schema_newer=(
        "Database newer than the program",
        "The database is at core schema {found}, this program knows {needed}. Install the newer "
        "relatum.",
    ),
)
# Only the command line meets these; the status is what a surface would answer.
codes(
    500,
    setting_unknown=("Unknown setting", "There is no setting '{name}'.{nearest}"),
    setting_invalid=("Wrong setting", "Setting '{name}' must be {wanted}; got '{value}'."),
    setting_refused=("Setting can't be used", "Setting '{name}' can't be used: {reason}."),
    settings_unreadable=("Settings not readable", "{path}: {reason}"),
    preset_unknown=(
        "Unknown preset",
        "There is no preset '{preset}'.{nearest} Presets here: {known}.",
    ),
    driver_missing=(
        "Driver missing",
        "The database driver for {url} is missing. Run: pip install 'relatum[postgres]'",
    ),
    queue_url_invalid=(
        "Wrong setting",
        "Setting 'queue_url' must be redis://HOST:PORT/NUMBER, rediss:// or unix://: {reason}. "
        "Leave it empty to do without Redis.",
    ),
    queue_driver_missing=(
        "Driver missing",
        "Setting 'queue_url' names Redis, whose driver is missing. "
        "Run: pip install 'relatum[redis]'",
    ),
    database_unsupported=(
        "Database not supported",
        "{reason}. Relatum runs on SQLite 3.35+ and PostgreSQL 13+.",
    ),
    dev_exposed=(
        "Only for this machine",
        "--dev shows code to whoever asks, so it serves this machine alone, and not {host}. Leave "
        "out --host, or --dev.",
    ),
    port_in_use=("Port in use", "Port {port} on {host} is in use. Choose another with --port."),
    port_refused=(
        "Port refused",
        "Port {port} on {host} can't be opened: {reason}. Choose others with --port and --host.",
    ),
    home_unusable=(
        "Home not usable",
        "{path} can't be the home of an instance: {reason}. Name another with RELATUM_HOME.",
    ),
    index_refused=(
        "Index can't be built",
        "An index of {table} over {columns} can't be built: {reason}. Correct the rows, then "
        "repair again.",
    ),
    crashed=(
        "Program error",
        "Something went wrong in the program, not in what you typed: {reason}. Details: {log}. "
        "Please report it.",
    ),
    keys_unreadable=(
        "Keys not readable",
        "The key ring of encrypted fields can't be used ({where}): {reason}. Put it right.",
    ),
    backup_failed=("Backup failed", "{reason}"),
    restore_refused=("Restore refused", "{reason}"),
)
