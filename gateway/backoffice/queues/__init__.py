"""The work queues: what waits for a person, the pages that show it, and what one person may do about it."""
