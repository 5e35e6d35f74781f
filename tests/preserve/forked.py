"""Work in a process of its own that is killed for good: at a touch of the disk, or after a time."""

import os
import signal
import sys
import time
import warnings

TOUCHES = {
    "open",
    "os.rename",
    "os.mkdir",
    "os.rmdir",
    "os.remove",
    "os.chmod",
    "os.link",
    "os.truncate",
}


def run_killed(work, *, touch=0, seconds=None):
    """Run ``work`` in a fork that SIGKILLs itself at its ``touch``-th touch of the disk, or is killed.

    True when it was killed, False when it ended before; work that fails by itself raises.
    """
    with warnings.catch_warnings():
        # Python 3.12 warns that a fork of a threaded process may deadlock; the child uses no thread.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        left = [touch]

        def hook(event, _):
            if event in TOUCHES:
                left[0] -= 1
                if left[0] == 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(hook)
        try:
            work()
        except BaseException:  # noqa: BLE001 - the parent looks at the status only
            os._exit(1)
        os._exit(0)
    if seconds is not None:
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, "the work failed by itself"
    return os.WIFSIGNALED(status)
