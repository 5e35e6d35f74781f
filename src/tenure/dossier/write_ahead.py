"""SQLite's write-ahead log, switched on with the patience that SQLite itself lacks there.

Where another process makes the file, or is the last to leave it, the pragma says "locked" at once:
the busy handler is not asked (https://www.sqlite.org/wal.html, "Sometimes Queries Return
SQLITE_BUSY In WAL Mode").
"""

import sqlite3
import time

PAUSE = 0.01  # seconds between two tries


def write_ahead(cursor: sqlite3.Cursor, patience: float) -> None:
    """Switch the write-ahead log on; sqlite3.OperationalError after ``patience`` seconds of waiting."""
    until = time.monotonic() + patience
    while not _switched(cursor, last=time.monotonic() > until):
        time.sleep(PAUSE)


def _switched(cursor: sqlite3.Cursor, *, last: bool) -> bool:
    try:
        cursor.execute("PRAGMA journal_mode=WAL")
    except sqlite3.OperationalError as error:
        if last or "locked" not in str(error):
            raise
        return False
    return True
