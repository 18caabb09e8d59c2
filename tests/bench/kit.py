"""What the figures share: servers, load, nginx beside them, times of the processor, and the table."""
import contextlib
import os
import pathlib
import re
import socket
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from served import PROGRAM, Served  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
BUILT = pathlib.Path(os.environ.get("LOAD", HERE.parent.parent / "build/release/tests/bench/load")).resolve().parent
SECONDS = int(os.environ.get("BENCH_SECONDS", "3"))
NGINX = """user {user}; worker_processes 2; daemon off; pid {where}/nginx.pid; error_log {where}/nginx.log;
events {{ worker_connections 1024; }}
http {{
    access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000;
    open_file_cache max=100 inactive=600s; open_file_cache_valid 600s;
    client_body_temp_path {where}/body; proxy_temp_path {where}/proxy; fastcgi_temp_path {where}/fastcgi;
    uwsgi_temp_path {where}/uwsgi; scgi_temp_path {where}/scgi;
    server {{
        listen 127.0.0.1:{port}; listen 127.0.0.1:{tls} ssl; root {where}/html;
        ssl_certificate {where}/cert.pem; ssl_certificate_key {where}/key.pem;
    }}
}}
"""


def say(text):
    """Progress, beside the table."""
    print(f"  .. {text}", file=sys.stderr, flush=True)


def output_of(command, **how):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, **how)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command[:4]))} ...: {done.returncode}: {(done.stdout + done.stderr)[-500:]}")
    return done.stdout


class Table:
    """Name, value, goal, met or not. A goal is ("<", 5), (">", 0.5) or None."""

    def __init__(self):
        self.met = self.missed = 0

    def begin(self):
        print(f"{'figure':<66} {'value':>10} {'':<5} {'goal':>8}", flush=True)

    def figure(self, name, value, unit="", goal=None):
        verdict = ""
        if goal:
            good = value < goal[1] if goal[0] == "<" else value >= goal[1]
            verdict = "met" if good else "MISSED"
            self.met += good
            self.missed += not good
        shown = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
        wanted = f"{'<' if goal[0] == '<' else '>='} {goal[1]:g}" if goal else "-"
        print(f"{name:<66} {shown:>10} {unit:<5} {wanted:>8}  {verdict}", flush=True)

    def broken(self, name, why):
        self.missed += 1
        print(f"{name:<66} {'-':>10} {'':<5} {'':>8}  FAILED: {why}", flush=True)


class Load:
    """What tests/bench/load printed."""

    def __init__(self, text):
        rate, p50, p99, refused, answered = text.split()
        self.rate, self.p50, self.p99 = float(rate), float(p50), float(p99)
        self.refused, self.answered = int(refused), int(answered)


class Server(Served):
    """A server for one figure; `with` ends it."""

    def __init__(self, where, *flags, config="world.json"):
        given = ["-c", str(HERE / config)] if config else []
        super().__init__(where, "--seed", "7", "--log-level", "warn", *given, *flags)
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.terminate(60)

    def load(self, *flags):
        return Load(output_of([BUILT / "load", "-p", self.port, *flags]))

    def put(self, path, file):
        output_of(["curl", "-sf", "-T", file, f"{self.url}/{path}"])

    def wrk(self, path, *flags):
        return wrk(f"{self.url}/{path}", *flags)

    def atoll(self, *words):
        """Wall seconds of a command of the CLI."""
        began = time.monotonic()
        output_of([PROGRAM, *words], env=os.environ | {"ATOLL_SERVER": self.url})
        return time.monotonic() - began

    def cpu(self):
        """Seconds of processor that the server has used."""
        words = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")

    def status(self, word):
        text = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"^{word}:\s+(\d+)", text, re.M)[1])

    def memory_mib(self):
        return self.status("VmRSS") / 1024

    def grows_by_mib(self, run):
        """How far the resident memory rose while `run` ran, at its highest."""
        pathlib.Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")  # VmHWM starts anew
        before = self.memory_mib()
        run()
        return self.status("VmHWM") / 1024 - before


def wrk(url, *flags):
    text = output_of(["wrk", "-t2", "-c64", f"-d{SECONDS}s", *flags, url])
    if "Non-2xx" in text:
        raise RuntimeError(f"wrk {url}: answers that are not 2xx")
    return float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1])


def best_pair(pair, times=3):
    """Pairs (a, b), measured in turns; the one with the best a/b."""
    pairs = [pair() for _ in range(times)]
    return max(pairs, key=lambda both: both[0] / both[1])


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


class Nginx:
    def __init__(self, where):
        self.where = pathlib.Path(where)
        self.port, self.tls = free_port(), free_port()
        self.process = None

    def start(self, files):
        if self.process:
            return self
        html = self.where / "html"
        html.mkdir()
        html.chmod(0o755)
        self.where.chmod(0o755)
        for name, file in files.items():
            (html / name).symlink_to(file)
        output_of(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                   "-subj", "/CN=localhost", "-keyout", self.where / "key.pem", "-out", self.where / "cert.pem"])
        user = output_of(["id", "-un"]).strip()
        (self.where / "nginx.conf").write_text(NGINX.format(where=self.where, port=self.port, tls=self.tls, user=user))
        self.process = subprocess.Popen(["nginx", "-e", self.where / "nginx.log", "-c", self.where / "nginx.conf"],
                                        env=os.environ | {"PATH": os.environ["PATH"] + ":/usr/sbin"})
        output_of(["curl", "-s", "--retry", "20", "--retry-connrefused", "--retry-delay", "1", "-o", "/dev/null", f"{self.url}/k"])
        return self

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait()


class Subscribers:
    """Clients of the event stream that read as fast as they can, in a process of their own."""

    SOURCE = """
import select, socket, sys
port, count = map(int, sys.argv[1:])
streams = [socket.create_connection(("127.0.0.1", port)) for _ in range(count)]
for stream in streams:
    stream.sendall(b"GET /_atoll/v1/events HTTP/1.1\\r\\nHost: localhost\\r\\nAccept: text/event-stream\\r\\n\\r\\n")
    stream.recv(1 << 20)
print("ready", flush=True)
while True:
    for stream in select.select(streams, [], [])[0]:
        if not stream.recv(1 << 20):
            sys.exit(1)
"""

    def __init__(self, port, count):
        self.process = subprocess.Popen([sys.executable, "-c", self.SOURCE, str(port), str(count)], stdout=subprocess.PIPE)
        if self.process.stdout.readline() != b"ready\n":
            raise RuntimeError("the event stream does not begin")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is not None:
            raise RuntimeError("the event stream ended")
        self.process.kill()
        self.process.wait()


@contextlib.contextmanager
def sampled(measure, seconds=0.05):
    """The highest of what `measure` gives while the block runs, as a list of one."""
    import threading
    highest, done = [measure()], threading.Event()

    def look():
        while not done.wait(seconds):
            highest[0] = max(highest[0], measure())

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield highest
    finally:
        done.set()
        thread.join()
