"""Keep a service's memory flat: one heap for all threads, large blocks go back, and a collector that keeps up."""

from __future__ import annotations

import ctypes
import gc
import sys
from typing import Final

# <malloc.h>
_M_TRIM_THRESHOLD: Final = -1
_M_MMAP_THRESHOLD: Final = -3
_M_ARENA_MAX: Final = -8
#: What a batch of records takes goes back at once.  Left to itself glibc raises this up to 32 MB with each larger
#: block that is given back, and twice that much may then stay unused.
_LARGE: Final = 256 * 1024
_SPARE: Final = 2 * 1024 * 1024


def keep_one_heap() -> bool:
    """Let all threads allocate from one heap; to be called before there are threads.  False without glibc.

    glibc gives threads heaps of their own, up to eight a core.  SQLite's pages are taken in one thread and given
    back in whichever uses the connection next, so that every heap in turn grows to what one of them would hold:
    the process grows for hours while what it uses does not.  Most allocating happens under the interpreter's lock,
    one thread at a time; that threads now wait for one another was too little to be measured.
    """
    if sys.platform != "linux":
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none, and one heap only
    if mallopt is None:
        return False
    wanted = ((_M_ARENA_MAX, 1), (_M_MMAP_THRESHOLD, _LARGE), (_M_TRIM_THRESHOLD, _SPARE))
    return all(bool(mallopt(what, value)) for what, value in wanted)


def give_back() -> bool:
    """Give back to the system what is free between what is in use; False where nothing was.

    A burst's records lie among what outlives it, so that the end of the heap stays where the largest burst so far
    has put it.  Only what is found by looking at all of it can go.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    return trim is not None and bool(trim(0))


def set_aside_what_lasts() -> None:
    """Take what there is now out of the collector's sight.

    It looks at everything only when a quarter as much is new: beside the 200,000 objects a service is made of,
    50,000 that nobody needs any more pile up before they are found.
    """
    gc.collect()
    gc.freeze()
