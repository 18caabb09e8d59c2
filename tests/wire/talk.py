"""Raw HTTP: bytes out, answers in. What http.client would never send, and every byte of what comes back."""
import re
import socket
from collections import namedtuple

Answer = namedtuple("Answer", "status headers body reason")


class Closed(Exception):
    """The server closed the connection where an answer might have stood."""


class Talk:
    """One connection. A read that takes longer than the timeout raises: no request may hang."""

    def __init__(self, server, timeout=20, holds=None):
        """`holds`: bytes that may wait in the socket to be read, about."""
        self.socket = socket.socket()
        if holds:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, holds)
        self.socket.settimeout(timeout)
        self.socket.connect(("127.0.0.1", server.port))
        self.rest = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        """Sends as much as the server takes: it may have answered and closed before the end."""
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass
        return self

    def end(self):
        """No more bytes will come from us."""
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        return self

    def more(self):
        try:
            data = self.socket.recv(65536)
        except ConnectionResetError:
            data = b""
        if not data:
            raise Closed(self.rest)
        self.rest += data

    def until(self, mark):
        while mark not in self.rest:
            self.more()
        head, self.rest = self.rest.split(mark, 1)
        return head

    def exactly(self, size):
        while len(self.rest) < size:
            self.more()
        body, self.rest = self.rest[:size], self.rest[size:]
        return body

    def answer(self, head_only=False):
        """The next answer; interim ones (100 Continue) are answers too."""
        lines = self.until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        status, reason = re.fullmatch(r"HTTP/1\.[01] (\d{3}) ?(.*)", lines[0]).groups()
        status = int(status)
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        if head_only or status in (100, 204, 304):
            return Answer(status, headers, b"", reason)
        if headers.get("transfer-encoding") == "chunked":
            return Answer(status, headers, b"".join(self.chunks()), reason)
        return Answer(status, headers, self.exactly(int(headers["content-length"])), reason)

    def chunks(self):
        while size := int(self.until(b"\r\n"), 16):
            yield self.exactly(size)
            self.exactly(2)
        self.exactly(2)

    def closes(self):
        """True when the server ends the connection without another byte."""
        try:
            self.more()
        except Closed as closed:
            return closed.args[0] == b""
        return False


def request(method, target, *headers, body=None, host="127.0.0.1"):
    """A well-formed request but for what the caller puts into it. Lengths are the caller's unless there is a body."""
    lines = [f"{method} {target} HTTP/1.1"]
    if host is not None:
        lines.append(f"Host: {host}")
    lines.extend(headers)
    if body is not None and not any(h.lower().startswith(("content-length", "transfer-encoding")) for h in headers):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + (body or b"")


def code_of(answer):
    """The Code of an S3 error document, the slug of an admin problem, or the text."""
    found = re.search(rb"<Code>(.*?)</Code>|urn:atoll:error:([a-z0-9-]+)", answer.body)
    return (found[1] or found[2]).decode() if found else answer.body[:80].decode("latin-1")
