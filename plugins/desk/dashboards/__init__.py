"""Dashboards: what they are made of, where they are kept, and what their widgets ask."""
