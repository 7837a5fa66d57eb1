"""Ask the system how long a process has computed."""

from __future__ import annotations

import math
import os
from pathlib import Path


def cpu_s(pid: int) -> float:
    """CPU seconds a process has used; infinite where that cannot be told, so that nobody is spared for it."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return math.inf
    # proc_pid_stat(5): the second field, the name, may hold spaces and brackets; utime and stime are 14 and 15.
    fields = stat.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
