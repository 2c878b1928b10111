"""Plays the part of DNS for clients that call AWS's own names, without touching this machine's: a proxy that leads them
to the server, whatever name they ask for. What they say goes through unread, in the TLS of client and server."""

import contextlib
import shutil
import socket
import socketserver
import threading


class Names(socketserver.ThreadingTCPServer):
    """A proxy that answers CONNECT, and keeps the names that were asked for."""

    daemon_threads = True

    def __init__(self, port):
        super().__init__(("127.0.0.1", 0), _Leads)
        self.port = port
        self.asked = set()

    @property
    def address(self):
        return "http://{}:{}".format(*self.server_address)


@contextlib.contextmanager
def names(port):
    """A proxy that leads everyone to this port of this machine."""
    with Names(port) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


class _Leads(socketserver.StreamRequestHandler):
    def handle(self):
        method, name, _ = self.rfile.readline().decode().split(" ", 2)
        assert method == "CONNECT", method
        while self.rfile.readline().strip():
            pass
        self.server.asked.add(name)
        with socket.create_connection(("127.0.0.1", self.server.port)) as server:
            self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            # The client waits for this line before it speaks TLS, so nothing of it is in `rfile` yet.
            back = threading.Thread(target=_copy, args=(server, self.connection), daemon=True)
            back.start()
            _copy(self.connection, server)
            back.join()


def _copy(source, sink):
    with contextlib.suppress(OSError), source.makefile("rb", buffering=0) as reader, sink.makefile("wb", buffering=0) as writer:
        shutil.copyfileobj(reader, writer)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
