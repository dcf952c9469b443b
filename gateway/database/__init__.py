"""Who may do what in PostgreSQL: the application's role for everything, the owner's for the schema."""
