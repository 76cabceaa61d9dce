"""The one kind of error a user is expected to read: a sentence that says what was wrong and what to do."""


class InputError(Exception):
    """Bad input: configuration, data set, checkpoint or budget. The CLI prints its text and exits with 2."""
