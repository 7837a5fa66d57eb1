"""A service's threads allocate from one heap, whatever glibc gives them by default."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

#: Eight threads that hold something at the same time, and then how many heaps there are.
_COUNT = """
import ctypes, sys, threading
from services.runtime.process import run_service

def count():
    libc, barrier = ctypes.CDLL(None), threading.Barrier(8)
    libc.malloc.restype = ctypes.c_void_p
    def hold():
        libc.malloc(ctypes.c_size_t(100_000))
        barrier.wait()
    threads = [threading.Thread(target=hold) for _ in range(8)]
    [one.start() for one in threads]
    [one.join() for one in threads]
    libc.fopen.restype = ctypes.c_void_p
    file = ctypes.c_void_p(libc.fopen(sys.argv[1].encode(), b"w"))
    libc.malloc_info(0, file)
    libc.fclose(file)
    raise SystemExit(0)

"""
pytestmark = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="heaps of threads are glibc's")


def heaps(how: str, folder: Path) -> int:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MALLOC_", "GLIBC_"))}
    out = folder / "heaps.xml"
    subprocess.run([sys.executable, "-c", _COUNT + how, str(out)], env=environment, check=True)
    return out.read_text().count("<heap nr=")


def test_the_threads_of_a_service_share_one_heap(tmp_path: Path) -> None:
    assert heaps("run_service(count)", tmp_path) == 1


def test_the_threads_of_another_process_do_not(tmp_path: Path) -> None:
    assert heaps("count()", tmp_path) > 1
