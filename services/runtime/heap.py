"""Keep what glibc holds in one heap, so that memory stays flat."""

from __future__ import annotations

import ctypes
import sys
from typing import Final

_M_ARENA_MAX: Final = -8  # <malloc.h>


def keep_one_heap() -> bool:
    """Let all threads allocate from one heap; to be called before there are threads.  False where there is none.

    glibc gives threads heaps of their own, up to eight a core.  SQLite's pages are taken in one thread and given
    back in whichever uses the connection next, so that every heap in turn grows to what one of them would hold:
    the process grows for hours while what it uses does not.  The interpreter lets one thread at a time allocate
    anyway.
    """
    if sys.platform != "linux":
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none, and one heap only
    return mallopt is not None and bool(mallopt(_M_ARENA_MAX, 1))
