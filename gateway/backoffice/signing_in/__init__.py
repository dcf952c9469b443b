"""Who comes in: name, password and second factor, the lock against guessing, and the people themselves."""
