"""NATS' text protocol as far as the end-to-end tests publish with it: one connection, one question after the other."""

import json
import socket


class NatsClient:
    def __init__(self, port):
        self._socket = socket.create_connection(("127.0.0.1", port), 30)
        self._buffer, self._asked = b"", 0
        self._line()  # INFO
        self._send('CONNECT {"verbose":false,"pedantic":false,"headers":true,"no_responders":true}\r\n')
        self._send("SUB answers.* 1\r\n")

    def close(self):
        self._socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _send(self, text):
        self._socket.sendall(text.encode())

    def _line(self):
        while b"\r\n" not in self._buffer:
            self._read()
        line, _, self._buffer = self._buffer.partition(b"\r\n")
        return line.decode()

    def _read(self):
        chunk = self._socket.recv(65536)
        if not chunk:
            raise ConnectionError("nats-server closed the connection")
        self._buffer += chunk

    def request(self, subject, body=b""):
        """The answer's JSON; None when nobody listens there."""
        self._asked += 1
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self._socket.sendall(f"PUB {subject} answers.{self._asked} {len(body)}\r\n".encode() + body + b"\r\n")
        while True:
            words = self._line().split(" ")
            if words[0] == "PING":
                self._send("PONG\r\n")
            elif words[0] in ("MSG", "HMSG"):
                size = int(words[-1])
                while len(self._buffer) < size + 2:
                    self._read()
                content, self._buffer = self._buffer[:size], self._buffer[size + 2:]
                if words[1] == f"answers.{self._asked}":
                    return json.loads(content) if words[0] == "MSG" else None
            elif words[0] == "-ERR":
                raise AssertionError(" ".join(words))

    def publish(self, subject, body):
        """Into a stream: its number there."""
        return self.request(subject, body)["seq"]
