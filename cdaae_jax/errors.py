"""The one exception for everything that the person at the keyboard can put right."""


class UserError(Exception):
    """Unusable input: the message says what was wrong, what was allowed and what to do.

    The programs in `cdaae_jax.cli` print the message as one line on standard error and exit with status 2.
    """
