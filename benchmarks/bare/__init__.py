"""What a team would write in an afternoon: the yardstick of ``make bench``. It shares no code with the service."""
