"""Why the stack does not start, in a sentence a person can act on."""


class CannotStartError(Exception):
    """The stack cannot start, or cannot go on; the message is a sentence for whoever typed the command."""
