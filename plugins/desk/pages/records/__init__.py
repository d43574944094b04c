"""Pages of one record: what it shows, what points to it, its forms, lines, history and undoing."""
