"""Pages of dashboards: shown, built."""
