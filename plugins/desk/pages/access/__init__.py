"""Pages on rights: roles, who holds them, with whom a record is shared, and who sees it."""
