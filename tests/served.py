"""What the tests in Python share: a server of their own, and checks that are counted.

Standard library only. $ATOLL names the program, else build/atoll. Nothing sleeps: a server is awaited by the pipe that
--ready-fd writes to, and its end by wait().
"""
import atexit
import http.client
import json
import os
import pathlib
import select
import signal
import subprocess
import tempfile
import urllib.parse

HERE = pathlib.Path(__file__).resolve().parent
# A shell that runs the tests in the background has them ignore Ctrl-C, and so would every program that they end by it.
signal.signal(signal.SIGINT, signal.default_int_handler)
PROGRAM = str(pathlib.Path(os.environ.get("ATOLL", HERE.parent / "build/atoll")).resolve())


class Checks:
    """Counts, prints a line for each, and the closing line."""

    def __init__(self):
        self.passed = self.failed = 0

    def check(self, what, good, *details):
        if good:
            self.passed += 1
        else:
            self.failed += 1
        print(("ok    " if good else "FAIL  ") + what, flush=True)
        for detail in () if good else details:
            print("        " + str(detail).replace("\n", "\n        ")[:2000], flush=True)
        return good

    def equal(self, what, got, want):
        return self.check(what, got == want, f"got   {got!r}", f"want  {want!r}")

    def close(self):
        """The closing line; 0 when all is well."""
        print(f"{self.passed} passed, {self.failed} failed", flush=True)
        return 0 if self.passed and not self.failed else 1


class Refused(Exception):
    """The server did not start; its exit code and what it said."""

    def __init__(self, code, log):
        super().__init__(f"atoll serve ended with {code}: {log}")
        self.code, self.log = code, log


class Served:
    """`atoll serve` on a free port of 127.0.0.1, in a folder of the caller's. Ready when the constructor returns.
    `within`: a command that runs the program, in its own process."""

    def __init__(self, folder, *flags, wait=True, listen="127.0.0.1:0", within=()):
        self.folder = pathlib.Path(folder)
        self.log_path = self.folder / "server.log"
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("ATOLL_", "XDG_"))}
        ready, ready_end = os.pipe()
        with open(self.log_path, "ab") as log:
            self.log_start = log.tell()
            self.process = subprocess.Popen(
                [*within, PROGRAM, "serve", "--listen", listen, "--port-file", self.folder / "port", "--ready-fd", str(ready_end),
                 "--ca-dir", self.folder / "ca", *flags],
                cwd=self.folder, env=environment | {"HOME": str(self.folder)}, stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, pass_fds=(ready_end,))
        atexit.register(self.process.kill)  # a test that breaks off leaves no server; one that has ended is let be
        os.close(ready_end)
        with os.fdopen(ready, "rb") as pipe:
            if not wait:
                return
            if pipe.readline() != b"ready\n":
                raise Refused(self.process.wait(), self.log())
        self.port = int((self.folder / "port").read_text())

    def log(self):
        with open(self.log_path, "rb") as log:
            log.seek(self.log_start)
            return log.read().decode(errors="replace")

    def log_waits_for(self, words):
        """True once the log has the words; another process writes it, so this looks again, for half a minute at most."""
        for _ in range(3000):
            if words in self.log():
                return True
            select.select([], [], [], 0.01)
        return False

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def terminate(self, seconds=30):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)

    def connect(self, timeout=30):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)

    def request(self, method, target, body=None, headers=None):
        """One request on a connection of its own: (status, headers, body)."""
        connection = self.connect()
        try:
            connection.request(method, target, body=body, headers=headers or {})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def admin(self, method, path, document=None, timeout=60):
        """A call of /_atoll/v1: (status, the JSON it answered)."""
        connection = self.connect(timeout)
        try:
            body = None if document is None else json.dumps(document)
            connection.request(method, "/_atoll/v1" + path, body=body, headers={"Content-Type": "application/json"})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()


def quote(key):
    return urllib.parse.quote(key, safe="/")


def folder(prefix):
    return tempfile.TemporaryDirectory(prefix=f"atoll-{prefix}-")
