"""A remote store that is away: an error that a check of several copies can report and go on from."""

from tenure.errors import EngineError


class OutOfReachError(EngineError, OSError):
    """A remote store could not be reached, or did not let us: also an OSError, as a broken disk is.

    ``strerror`` says why, so that a check of several copies reports one that is away and goes on.
    """

    def __init__(self, message: str) -> None:
        """Say what was asked of whom, and what to do."""
        super().__init__(message)
        self.strerror = message

    def __str__(self) -> str:
        """Return the message as it was given."""
        return str(self.args[0])


class NoAnswerError(OutOfReachError):
    """Nobody answered at all, though asked several times."""
