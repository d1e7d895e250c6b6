"""A network between a node and what it depends on, to be cut, stalled and mended."""

import selectors
import socket
import threading


class Proxy:
    """Forwards 127.0.0.1:port to `target_port`, one thread for all connections.

    `cut` closes what is open and refuses what is new; `stall` lets connections stand and carries
    nothing, like a switch that lost its way; `mend` makes both good again.
    """

    def __init__(self, target_port: int):
        self.target_port = target_port
        self._state = "open"
        self._pairs = {}
        self._lock = threading.Lock()
        self._selector = selectors.DefaultSelector()
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._listener.listen(64)
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def cut(self):
        self._change("cut")

    def stall(self):
        self._change("stalled")

    def mend(self):
        self._change("open")

    def lead_to(self, target_port: int):
        """New connections go there."""
        self.target_port = target_port

    def close(self):
        self._ended.set()
        self._thread.join(timeout=5)
        self._drop_all()
        self._listener.close()

    def _change(self, state: str):
        with self._lock:
            self._state = state
            # What was swallowed meanwhile would be a hole in the stream.
            if state != "stalled":
                self._drop_all()

    def _run(self):
        while not self._ended.is_set():
            ready = self._selector.select(timeout=0.02)
            with self._lock:
                if self._state == "stalled":
                    self._ended.wait(0.02)
                    continue
                for key, _ in ready:
                    if key.fileobj is self._listener:
                        self._accept()
                    elif key.fileobj in self._pairs:
                        self._carry(key.fileobj)

    def _accept(self):
        client, _ = self._listener.accept()
        try:
            if self._state == "cut":
                raise OSError
            target = socket.create_connection(("127.0.0.1", self.target_port), timeout=5)
        except OSError:
            client.close()
            return
        for one, other in ((client, target), (target, client)):
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._pairs[one] = other
            self._selector.register(one, selectors.EVENT_READ)

    def _carry(self, source):
        try:
            data = source.recv(65536)
            if data:
                self._pairs[source].sendall(data)
                return
        except OSError:
            pass
        self._drop(source)

    def _drop(self, one):
        for end in (one, self._pairs[one]):
            self._selector.unregister(end)
            del self._pairs[end]
            end.close()

    def _drop_all(self):
        while self._pairs:
            self._drop(next(iter(self._pairs)))
