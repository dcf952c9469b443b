"""How many withdrawals one machine settles in a second: queued, sent to an instant provider, paid."""
