"""How the database asks whether two persons decided what is being written (`balances.instructions`).

The tables of the lower apps are written by such decisions, too, so the clause stands below all of them and names the
instructions by their table.
"""


def decided_in_this_transaction(verb: str, same: str) -> str:
    """The SQL condition that an instruction of this verb was approved in the transaction that is being looked at.

    To be asked at COMMIT (a deferred guard): the decision may be written after what it decides.

    Args:
        verb: of the instruction.
        same: SQL that compares its ``parameters`` (texts by name) and ``mode`` with the row ``NEW``.
    """
    return f"""EXISTS (
                SELECT 1 FROM balances_instruction
                WHERE verb = '{verb}' AND status = 'posted'
                    AND decided_xact = pg_current_xact_id()::text::bigint AND decided_at = transaction_timestamp()
                    AND {same}
            )"""  # noqa: S608 - our own verbs and columns, no input
