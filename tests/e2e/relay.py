"""TCP relays whose connections can be cut or frozen: what a network does to two programs that talk, without being root.

One thread serves all relays of a RelayLoop. A relay is *open*, *cut* (connections are reset, new ones at once again) or
*frozen* (connections stay and new ones are taken, but no byte passes: what a lost route or a full firewall looks like).
A relay holds at most CHUNK bytes per direction; the sender feels the rest as back pressure.
"""

import selectors
import socket
import struct
import threading

CHUNK = 65536
RESET = struct.pack("ii", 1, 0)


class _Pair:
    """A client's connection and the one to the target; bytes of each that the other has yet to take."""

    def __init__(self, near, far):
        self.sockets = (near, far)
        self.waiting = {near: b"", far: b""}  # to be sent to it
        self.ended = {near: False, far: False}  # has sent all it has

    def other(self, side):
        return self.sockets[1] if side is self.sockets[0] else self.sockets[0]


class Relay:
    """From a free port of its own to `target`, a port of this machine, which may change. Made by RelayLoop.add()."""

    def __init__(self, loop, target):
        self.target, self.state, self.pairs = target, "open", set()
        self._loop = loop
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.listener.setblocking(False)
        self.port = self.listener.getsockname()[1]

    def cut(self):
        self._loop.call(lambda: self._loop.change(self, "cut"))

    def freeze(self):
        self._loop.call(lambda: self._loop.change(self, "frozen"))

    def heal(self):
        self._loop.call(lambda: self._loop.change(self, "open"))


class RelayLoop:
    def __init__(self):
        self._selector = selectors.DefaultSelector()
        self._wake, self._woken = socket.socketpair()
        self._woken.setblocking(False)
        self._selector.register(self._woken, selectors.EVENT_READ, None)
        self._calls, self._lock, self._is_ended, self._relays = [], threading.Lock(), False, []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def add(self, target):
        relay = Relay(self, target)
        self.call(lambda: self._begin(relay))
        return relay

    def call(self, what):
        """Runs it on the loop's thread, and returns when that is done."""
        done = threading.Event()
        with self._lock:
            self._calls.append((what, done))
        self._wake.send(b"!")
        done.wait()

    def end(self):
        self._is_ended = True
        self._wake.send(b"!")
        self._thread.join()

    def _begin(self, relay):
        self._relays.append(relay)
        self._selector.register(relay.listener, selectors.EVENT_READ, (relay, None))

    def change(self, relay, state):
        relay.state = state
        for pair in list(relay.pairs):
            if state == "cut":
                self._drop(relay, pair)
            else:
                self._watch(relay, pair)

    def _run(self):
        while not self._is_ended:
            for key, events in self._selector.select():
                if key.data is None:
                    self._take_calls()
                elif key.data[1] is None:
                    self._accept(key.data[0])
                else:
                    self._pass_on(*key.data, key.fileobj, events)
        for relay in self._relays:
            for pair in list(relay.pairs):
                self._drop(relay, pair)
            relay.listener.close()

    def _take_calls(self):
        self._woken.recv(4096)
        with self._lock:
            calls, self._calls = self._calls, []
        for what, done in calls:
            what()
            done.set()

    def _accept(self, relay):
        try:
            near = relay.listener.accept()[0]
        except OSError:
            return
        if relay.state == "cut":
            near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            near.close()
            return
        try:
            far = socket.create_connection(("127.0.0.1", relay.target), 1)
        except OSError:
            near.close()
            return
        pair = _Pair(near, far)
        for side in pair.sockets:
            side.setblocking(False)
            side.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        relay.pairs.add(pair)
        self._watch(relay, pair)

    def _watch(self, relay, pair):
        for side in pair.sockets:
            events = 0
            if relay.state == "open":
                if not pair.ended[side] and not pair.waiting[pair.other(side)]:
                    events |= selectors.EVENT_READ
                if pair.waiting[side]:
                    events |= selectors.EVENT_WRITE
            known = side in self._selector.get_map()
            if events and known:
                self._selector.modify(side, events, (relay, pair))
            elif events:
                self._selector.register(side, events, (relay, pair))
            elif known:
                self._selector.unregister(side)

    def _drop(self, relay, pair):
        relay.pairs.discard(pair)
        for side in pair.sockets:
            if side in self._selector.get_map():
                self._selector.unregister(side)
            side.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            side.close()

    def _pass_on(self, relay, pair, side, events):
        if pair not in relay.pairs or relay.state != "open":
            return
        other = pair.other(side)
        try:
            if events & selectors.EVENT_READ and not pair.waiting[other]:
                data = side.recv(CHUNK)
                pair.ended[side] = not data
                pair.waiting[other] = data
                self._send(pair, other)
            if events & selectors.EVENT_WRITE:
                self._send(pair, side)
        except OSError:
            return self._drop(relay, pair)
        if all(pair.ended.values()) and not any(pair.waiting.values()):
            return self._drop(relay, pair)
        self._watch(relay, pair)

    @staticmethod
    def _send(pair, side):
        """What waits for it; the end of the other side once all has gone."""
        try:
            if pair.waiting[side]:
                pair.waiting[side] = pair.waiting[side][side.send(pair.waiting[side]):]
        except BlockingIOError:
            return
        if pair.ended[pair.other(side)] and not pair.waiting[side]:
            side.shutdown(socket.SHUT_WR)
