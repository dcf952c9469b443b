"""The one-command local stack: embedded PostgreSQL and Valkey, every process of the service, a clean stop.

For trial and for tests, on Linux; production is PostgreSQL and Redis by URL. Standard library only: it runs
before anything else is known to work, and it starts everything else as a process of its own.

Who watches whom (``launcher`` is what the user started):

    launcher  -- a pipe -->  supervisor  -- prctl(PR_SET_PDEATHSIG) -->  each service

The launcher dies, however: the pipe closes and the supervisor stops everything in order. The supervisor dies:
the kernel signals the services, and the launcher sweeps what they leave. Both die at once: the kernel signals
the services, and the next start sweeps.
"""
