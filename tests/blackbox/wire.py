"""A wire between two programs that counts what goes over it, and is cut on command."""

import contextlib
import socket
import threading


class Wire:
    """Listens, and hands everything on to a port and back."""

    def __init__(self, port):
        self.received = 0
        self._port = port
        self._left = {}
        self._lock = threading.Lock()
        self._server = socket.create_server(("127.0.0.1", 0))
        self.endpoint = f"http://127.0.0.1:{self._server.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def cut(self, direction, after):
        """Cuts the connection on which so many bytes more have gone in this direction, `sent` or `received`; once."""
        with self._lock:
            self._left[direction] = after

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._server.accept()
                threading.Thread(target=self._join, args=(near,), daemon=True).start()

    def _join(self, near):
        with near, contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self._port)) as far:
            back = threading.Thread(target=self._hand_on, args=(far, near, "received"), daemon=True)
            back.start()
            self._hand_on(near, far, "sent")
            back.join()

    def _hand_on(self, start, end, direction):
        """Until one of them has ended, which ends the other one."""
        with contextlib.suppress(OSError):
            while data := start.recv(65536):
                self._count(direction, len(data))
                end.sendall(data)
        for side in (start, end):
            with contextlib.suppress(OSError):
                side.shutdown(socket.SHUT_RDWR)

    def _count(self, direction, count):
        with self._lock:
            if direction == "received":
                self.received += count
            if direction in self._left:
                self._left[direction] -= count
                if self._left[direction] < 0:
                    del self._left[direction]
                    raise ConnectionResetError

    def end(self):
        self._server.close()
