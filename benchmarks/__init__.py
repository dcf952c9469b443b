"""How fast the service is, beside a bare endpoint on the same machine: ``make bench``. Nothing here is shipped."""
