"""The command line: one file per noun, imported by `relatum.cli` when it is used."""
