"""The runner's role: on SQLite one process at a time runs jobs; commands may read and write beside it."""

import fcntl
import os
from pathlib import Path

from syndication.domain.errors import StoreError


class RunnerRole:
    """A lock on the role, not on the database; the system gives it back when the process ends, however it ends."""

    def __init__(self, folder: Path) -> None:
        """Take the role of the installation whose var/ is `folder`. Raises StoreError while another process has it."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "runner.lock"
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(self._file, 32, 0).decode("ascii", "replace").strip() or "unknown"
            os.close(self._file)
            message = (
                f"Another `syndication serve` or `worker` (process {holder}) runs on this installation. "
                "Stop it first; on SQLite one process runs the jobs."
            )
            raise StoreError(message) from error
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, str(os.getpid()).encode("ascii"), 0)

    def release(self) -> None:
        """Give the role back."""
        os.close(self._file)
