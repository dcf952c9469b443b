"""The admin's first page: is the money all right? Its parts, and what is counted ahead for it."""
