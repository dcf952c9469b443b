"""Ways to keep a ledger, all asked for the same: a transfer between two accounts, committed when the call returns.

A side is a module with two functions. It is imported in processes of its own, for each has other settings of Django.

``prepare(accounts)``: fill a fresh database, named by ``DATABASE_URL``, with so many accounts to debit and so many to
credit.
``transfers(accounts)``: give a function that takes the numbers of an account to debit and of one to credit and has
one unit posted between them, with everything on with which this way of keeping a ledger defends itself.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Final

#: Posts between the account to debit and the account to credit of these numbers.
Transfer = Callable[[int, int], None]

#: What each transfer moves.
AMOUNT: Final = Decimal("1.00")
CURRENCY: Final = "INR"

#: Names of the modules here, in the order in which they take turns.
OURS: Final = "ours"
HORDAK: Final = "hordak"
DJANGO_LEDGER: Final = "ledger_of_django_ledger"
PLPGSQL: Final = "plpgsql"
PSYCOPG: Final = "raw_psycopg"
