"""The simulated Paykassma: a real HTTP server with its own memory, clock and faults.

Run it with ``python -m gateway.sandbox``; `gateway.sandbox.settings` lists its environment.
It answers as the provider's contract says and takes nothing from the gateway but the signature recipes.
"""
