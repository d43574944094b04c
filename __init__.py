"""Relatum: an open-source, plugin-based CRM platform."""
