"""Pages of the data model: the designer, its draft, and the plan that is published."""
