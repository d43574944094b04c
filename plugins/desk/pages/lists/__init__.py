"""Pages of many records: list, board and calendar, and what narrows, orders and keeps them."""
