"""Hold a port of this machine for a server that we start, so that no other run is given it meanwhile."""

from __future__ import annotations

import socket
import sys
from typing import Final

HOST: Final = "127.0.0.1"


def hold_port(number: int = 0) -> int:
    """A free TCP port on loopback, ours until this process ends, also before its server starts and after it died.

    Linux gives a port that is bound and not listened on neither to who asks for any port nor to a connection
    going out, and refuses it to who wants it alone; a server that asks for it by number with SO_REUSEADDR, as all
    do, may listen on it.  Other systems refuse that too: there it is only free at this moment.

    Raises:
        OSError: somebody listens on ``number`` or holds it.
    """
    held = socket.socket()
    try:
        held.bind((HOST, number))  # alone: two that hold cannot share it
        port = int(held.getsockname()[1])
        if sys.platform == "linux":
            held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            held.detach()  # open as long as this process
    finally:
        held.close()
    return port
