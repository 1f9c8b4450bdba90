"""Processes that end together: what a parent does for its children, and a child for its parent."""

import ctypes
import os
import signal
import socket
import sys
import threading

_PR_SET_PDEATHSIG = 1


def die_with_parent(number: int = signal.SIGKILL) -> None:
    """Send this process the signal when its parent ends, however that ends. On Linux; elsewhere the lifeline serves."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, number)


def hold_lifeline() -> None:
    """End this process with SIGTERM at the end of its standard input, which its parent holds open."""

    def wait() -> None:
        while os.read(sys.stdin.fileno(), 1024):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="lifeline", daemon=True).start()


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; a free port for 0. OSError if it is taken."""
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(100)
    except OSError:
        listening.close()
        raise
    return listening
