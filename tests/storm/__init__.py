"""The storm: withdrawals while everything breaks, judged by the simulated provider's own book (docs/storm.md)."""
