"""The one kind of error a user is expected to read: a sentence that says what was wrong and what to do."""


class InputError(Exception):
    """Bad input: configuration, data set, checkpoint or budget. The CLI prints its text and exits with 2."""


def first_line(error: BaseException) -> str:
    """What an error says, in one line; the name of its kind where it says nothing, as EOFError does."""
    lines = str(error).strip().splitlines()
    return lines[0].strip() if lines else type(error).__name__
