"""A service's threads allocate from one heap, and the collector looks only at what is new."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest

#: A service that ends when it is asked where to listen, and says whether the collector still looks at what was built.
_BUILT = """
import gc

class Built:
    @property
    def settings(self):
        print(any(one is self for one in gc.get_objects()))
        raise SystemExit(0)

"""
#: Eight threads that hold something at the same time; then batches of large blocks that come and go among small
#: ones that stay, after one that was larger still; and then what glibc has.
_ALLOCATE = """
import ctypes, sys, threading

def allocate():
    libc, barrier = ctypes.CDLL(None), threading.Barrier(8)
    malloc, free = libc.malloc, libc.free
    malloc.restype, malloc.argtypes, free.argtypes = ctypes.c_void_p, [ctypes.c_size_t], [ctypes.c_void_p]
    def hold():
        malloc(100_000)
        barrier.wait()
    threads = [threading.Thread(target=hold) for _ in range(8)]
    [one.start() for one in threads]
    [one.join() for one in threads]
    free(malloc(8_000_000))
    large = []
    for _ in range(40):
        large.append(malloc(300_000))
        malloc(3_000)
    [free(one) for one in large]
    libc.fopen.restype = ctypes.c_void_p
    file = ctypes.c_void_p(libc.fopen(sys.argv[1].encode(), b"w"))
    libc.malloc_info(0, file)
    libc.fclose(file)
    raise SystemExit(0)

"""
#: A burst whose every hundredth piece stays; how much of it the process still has, in MB, before and after a step.
_BURST = """
import ctypes
from services.runtime.heap import give_back

def held():
    with open("/proc/self/status") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon")) // 1024

libc = ctypes.CDLL(None)
malloc, free = libc.malloc, libc.free
malloc.restype, malloc.argtypes, free.argtypes = ctypes.c_void_p, [ctypes.c_size_t], [ctypes.c_void_p]
pieces = [malloc(4000) for _ in range(10_000)]
[ctypes.memset(one, 1, 4000) for one in pieces]
[free(one) for number, one in enumerate(pieces) if number % 100]
before = held()
"""
#: Under this a callable is run as a service is.
_AS_A_SERVICE = "from services.runtime.process import run_service; run_service"
of_glibc = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="heaps of threads are glibc's")


def what_glibc_has(how: str, folder: Path) -> Element:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MALLOC_", "GLIBC_"))}
    out = folder / "heaps.xml"
    subprocess.run([sys.executable, "-c", _ALLOCATE + how, str(out)], env=environment, check=True)
    return ElementTree.parse(out).getroot()


def heaps(found: Element) -> int:
    return len(found.findall("heap"))


def unused(found: Element) -> int:
    """Bytes that were given back and that the process still has."""
    return sum(int(one.attrib["size"]) for one in found.findall("total") if one.attrib["type"] in ("fast", "rest"))


@of_glibc
def test_the_threads_of_a_service_share_one_heap_and_what_a_batch_took_goes_back(tmp_path: Path) -> None:
    found = what_glibc_has(f"{_AS_A_SERVICE}(allocate)", tmp_path)
    assert heaps(found) == 1
    assert unused(found) < 4_000_000


@of_glibc
def test_the_threads_of_another_process_share_none_and_it_keeps_what_a_batch_took(tmp_path: Path) -> None:
    found = what_glibc_has("allocate()", tmp_path)
    assert heaps(found) > 1
    assert unused(found) > 40 * 300_000


def given_back_after(step: str) -> int:
    """MB less after the step; the burst has 40."""
    code = f"{_BURST}{step}\nprint(before - held())"
    return int(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout)


@of_glibc
def test_what_is_free_between_what_is_in_use_is_given_back() -> None:
    assert given_back_after("give_back()") > 20


@of_glibc
def test_what_is_in_use_is_not_given_back_nor_is_anything_by_itself() -> None:
    assert given_back_after("") < 5
    assert given_back_after("[malloc(4000) for _ in range(9_900)]; give_back()") < 5


@pytest.mark.parametrize(("how", "seen"), [(f"{_AS_A_SERVICE}(Built)", "False"), ("Built().settings", "True")])
def test_what_a_service_is_built_of_is_not_looked_at_again_and_what_others_build_is(how: str, seen: str) -> None:
    ran = subprocess.run([sys.executable, "-c", _BUILT + how], check=True, capture_output=True, text=True)
    assert ran.stdout.strip() == seen
