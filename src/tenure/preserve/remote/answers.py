"""What an object store answers, turned into our errors: one line, and no secret in it.

The library's texts hold addresses (with signatures in them, for some services) and pages of
debugging; only the status and the number of tries are taken out of them.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from obstore import exceptions

from tenure.errors import BusyError
from tenure.preserve.remote.faults import NoAnswerError, OutOfReachError

STATUS = re.compile(r"status code: (\d{3}(?: [A-Za-z]+){1,3})")
CODE = re.compile(r"<Code>([A-Za-z]{1,60})</Code>")
TRIES = re.compile(r"after (\d+) retries")


def reason(error: BaseException) -> str:
    """Say why in a few words: the status the service gave, or that it gave none."""
    text = str(error)
    found = STATUS.search(text)
    said = found.group(1) if found else "no answer"
    if code := CODE.search(text):
        said += f" ({code.group(1)})"
    tries = TRIES.search(text)
    return said + (f", asked {int(tries.group(1)) + 1} times" if tries else "")


@contextmanager
def reaching(where: str, key: str, *, credentials: str) -> Iterator[None]:
    """Turn the library's errors into ours.

    Raises:
        KeyError: there is no such key.
        FileExistsError: there is one, where none was expected.
        BusyError: it was changed by somebody else meanwhile.
        OutOfReachError: no answer, no permission, or the service failed.
    """
    try:
        yield
    except FileNotFoundError:
        raise KeyError(key) from None
    except exceptions.NotFoundError:
        raise KeyError(key) from None
    except (FileExistsError, exceptions.AlreadyExistsError):
        raise FileExistsError(key) from None
    except exceptions.PreconditionError:
        raise BusyError(
            f"{key} in {where} was changed by somebody else meanwhile; run this again when they are done"
        ) from None
    except (
        PermissionError,
        exceptions.PermissionDeniedError,
        exceptions.UnauthenticatedError,
    ) as error:
        raise OutOfReachError(
            f"{where} did not let us reach {key}: {reason(error)}; give credentials that may list, read "
            f"and write there, in the environment ({credentials})"
        ) from None
    except exceptions.BaseError as error:
        if "not found" in str(error).lower() and "credential" in str(error).lower():
            hint = f"set {credentials} in the environment"
        elif "404" in reason(error):
            hint = "make the bucket first, or mend the address"
        else:
            hint = "see that the address is right and the service is up, and run this again"
        kind = OutOfReachError if STATUS.search(str(error)) else NoAnswerError
        raise kind(f"{where} could not be reached for {key}: {reason(error)}; {hint}") from None
