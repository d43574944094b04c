"""The desk: the web interface."""
