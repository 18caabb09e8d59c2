"""kill -9 amid changes of the world itself, beside S3 load: faults, links, partitions, outages, routes, snapshots, restores,
resets, configurations, the clock, resyncs.

What the admin API shows after an acknowledgement is what it must show after the crash. A change in doubt happened whole or not at
all: made once more, it must change nothing if it seems to have happened.
"""
import copy
import http.client
import json
import random
import re
import threading

from directory import troubles
from load import LEFT, OTHER, RIGHT, Progress, digest
from served import Served, quote

CONFIG = {
    "version": 1, "clock": {"mode": "manual", "start": "2026-03-01T12:00:00Z"},
    "buckets": {LEFT: {"region": "us-east-1", "versioning": "enabled"}, RIGHT: {"region": "eu-west-1", "versioning": "enabled"}},
    "mraps": {"orders": {"alias": "orders.mrap", "buckets": [LEFT, RIGHT]}},
    "replication": [{"link": f"{LEFT} <-> {RIGHT}", "delete_markers": True}],
    "links": {"*": {"lag": "uniform(0s,60s)"}},
}
REGIONS = ["us-east-1", "eu-west-1"]
HEALED = [("DELETE", "/partitions", None), *[("PATCH", f"/regions/{region}", {"outage": False}) for region in REGIONS],
          *[("PATCH", f"/links/{a}/{b}", {"hold": False}) for a, b in (REGIONS, REGIONS[::-1])],
          ("POST", "/replication/release", {})]
ALL_KEYS = ("restore", "reset")  # what a writer must not meet in the middle: its keys are others afterwards


class Killed(Exception):
    pass


class Client:
    """S3 on keys of its own, a request at a time. `keys`: path -> [(version id, digest or None)], oldest first."""

    def __init__(self, bucket, number):
        self.bucket, self.number, self.keys, self.doubt = bucket, number, {}, None

    def run(self, server, chance, progress, turn):
        connection = server.connect()
        try:
            while True:
                with turn:
                    self.step(connection, chance, progress)
        except (OSError, http.client.HTTPException):
            pass  # the server was killed
        finally:
            connection.close()
            progress.ended()

    def step(self, connection, chance, progress):
        path = f"/{self.bucket}/{quote(f'w{self.number}/k{chance.randrange(6)}')}"
        body = chance.randbytes(chance.randint(0, 2000)) if chance.random() < 0.85 else None
        self.doubt = (path, body if body is None else digest(body))
        connection.request("DELETE" if body is None else "PUT", path, body=body)
        answer = connection.getresponse()
        answer.read()
        if answer.status in (200, 204):
            self.keys.setdefault(path, []).append((answer.headers["x-amz-version-id"], self.doubt[1]))
            progress.acknowledged()
        self.doubt = None  # what was refused, in an outage, did not happen


def in_doubt(client, path, got, want):
    """What the request in doubt would have made of it."""
    return client.doubt and client.doubt[0] == path and got[1:] == want and got[0][1] == (client.doubt[1] is None)


class Changes:
    def __init__(self, where, seed):
        self.where, self.seed, self.data = where, seed, where / "world"
        self.clients = [Client(LEFT, 0), Client(RIGHT, 1), Client(LEFT, 2)]
        self.snapshots = {}  # name -> (when it was taken, the keys of all clients)
        self.shown = self.now = self.doubt = self.unseen = None
        self.made = self.happened = 0
        self.troubles = []
        (where / "atoll.json").write_text(json.dumps(CONFIG))

    def serve(self):
        return Served(self.where, "--config", "atoll.json", "--data", str(self.data), "--seed", "5", "--log-level", "warn")

    # --- what is shown ---

    def ask(self, server, method, path, document=None):
        status, answer = server.admin(method, path, document)
        if status != 200:
            self.troubles.append(f"{method} {path} {document}: {status} {answer}")
        return answer

    def look(self, server):
        """What changes change, without what time and load do, and a start: it reads its own file again."""
        status = self.ask(server, "GET", "/status")
        links = [{k: link.get(k) for k in ("from", "to", "lag", "held", "partitioned", "overrides")} for link in status["links"]]
        faults = [{k: v for k, v in fault.items() if k != "hits"} for fault in self.ask(server, "GET", "/faults")["faults"]]
        routes = [(member["bucket"], member["dial"], member["outage"]) for member in status["mraps"][0]["members"]]
        return {"links": links, "faults": faults, "routes": routes, "outages": status["outages"]}

    def clock(self, server):
        return self.ask(server, "GET", "/clock")["now"]

    def taken(self, server):
        return {s["name"]: s["taken"] for s in self.ask(server, "GET", "/snapshots")["snapshots"]}

    # --- a change ---

    def draw(self, chance):
        """(what, method, path, document)"""
        a, b = chance.sample(REGIONS, 2)
        lag = f"fixed({chance.randrange(1, 60)}s)"
        name = chance.choice("ab")
        fault = f"/faults/f{chance.randrange(3)}"
        kept = chance.choice(sorted(self.snapshots) or [None])
        drawn = chance.choice([
            ("fault", "PUT", fault, {"match": {"key": f"none{chance.randrange(99)}"}, "error": "503:SlowDown"}),
            ("fault", "DELETE", "/faults", None),
            ("link", "PATCH", f"/links/{a}/{b}", {"lag": lag}),
            ("hold", "PATCH", f"/links/{a}/{b}", {"hold": chance.random() < 0.5}),
            ("partition", "PUT", "/partitions", {"groups": [[a], [b]]}),
            ("heal", "DELETE", "/partitions", None),
            ("outage", "PATCH", f"/regions/{a}", {"outage": chance.random() < 0.3}),
            ("routes", "PATCH", "/mraps/orders/routes", {a: chance.choice(["active", "passive"]), b: "active"}),
            ("snapshot", "PUT", f"/snapshots/{name}", {}),
            ("config", "PUT", "/config", CONFIG | {"buckets": CONFIG["buckets"] | {f"more{chance.randrange(9)}-{a}": {"region": a}}}),
            ("clock", "POST", "/clock", {"advance": f"{chance.randrange(1, 40)}s"}),
            ("resync", "POST", "/replication/resync", {"statuses": ["none", "failed", "completed"]}),
            ("reset", "POST", "/reset", {}),
            ("restore", "POST", f"/snapshots/{kept}/restore", {}) if kept else ("clock", "POST", "/clock", {"advance": "next"}),
        ])
        return ("clock", "POST", "/clock", {"advance": "3s"}) if drawn[0] == "reset" and chance.random() < 0.6 else drawn

    def keys(self):
        return copy.deepcopy([client.keys for client in self.clients])

    def keys_after(self, change):
        what, _, path, _ = change
        return self.snapshots[path.split("/")[2]][1] if what == "restore" else [{} for _ in self.clients]

    def take(self, keys):
        for client, its in zip(self.clients, copy.deepcopy(keys)):
            client.keys = its

    def change(self, server, change, progress):
        what, method, path, document = change
        self.doubt = (*change, self.keys() if what == "snapshot" else None)
        self.left -= 1
        if self.left == 0:  # the kill comes while this is on its way
            progress.enough()
        self.ask(server, method, path, document)
        self.took_place(server, self.doubt)

    def took_place(self, server, change):
        what, _, path, _, keys = change
        if what == "snapshot":
            name = path.split("/")[2]
            self.snapshots[name] = (self.taken(server)[name], keys)
        if what in ALL_KEYS:
            self.take(self.keys_after(change[:4]))
        self.doubt, self.unseen = None, change  # before the looks, which a kill may cut
        shown, now = self.look(server), self.clock(server)
        self.shown, self.now, self.unseen = shown, now, None
        self.made += 1

    def changing(self, server, chance, progress, turns):
        try:
            while not self.troubles:
                change = self.draw(chance)
                held = turns if change[0] in (*ALL_KEYS, "snapshot") else []
                for turn in held:
                    turn.acquire()
                try:
                    self.change(server, change, progress)
                finally:
                    for turn in held:
                        turn.release()
                progress.acknowledged()
        except (OSError, http.client.HTTPException, ValueError):
            pass  # killed
        finally:
            progress.ended()

    def round(self, server, number):
        chance = random.Random(f"changes {self.seed}/{number}")
        progress, turns = Progress(), [threading.Lock() for _ in self.clients]
        progress.writers = len(self.clients) + 1
        threads = [threading.Thread(target=client.run, daemon=True, args=(
            server, random.Random(f"{self.seed}/{number}/{client.number}"), progress, turn))
            for client, turn in zip(self.clients, turns)]
        threads.append(threading.Thread(target=self.changing, daemon=True, args=(server, chance, progress, turns)))
        moment = chance.choice([5, 20, 60, 150])
        self.left = chance.choice([0, 1, 2, 4, 8])
        if self.left:
            moment = 10**9
        for thread in threads:
            thread.start()
        progress.wait_for(moment)
        server.kill()
        for thread in threads:
            thread.join()

    # --- the judgement ---

    def judge(self, server):
        self.troubles += troubles(self.data)
        if self.unseen is not None:
            self.judge_unseen(server, *self.unseen[:4])
        elif self.shown is not None:
            self.judge_shown(server)
        for change in HEALED:
            self.ask(server, *change)
        self.judge_keys(server)
        status, answer = server.admin("POST", "/wait", {"targets": [LEFT, RIGHT], "within": "2h"})
        if status != 200:
            self.troubles.append(f"replication does not converge: {status} {answer}")
        self.judge_replicas(server)
        self.doubt = self.unseen = None
        self.shown, self.now = self.look(server), self.clock(server)

    def judge_unseen(self, server, what, method, path, document):
        """It was acknowledged, and nobody had looked yet: made once more it changes nothing."""
        if what in (*ALL_KEYS, "snapshot", "clock"):
            return  # judged by the keys and the list; the clock is moved by another such
        shown = self.look(server)
        self.ask(server, method, path, document)
        again = self.look(server)
        if again != shown:
            self.troubles.append(f"lost {method} {path} {document}: it shows {shown}, and once more {again}")

    def judge_shown(self, server):
        shown, now = self.look(server), self.clock(server)
        doubt, self.doubt = self.doubt, None
        if doubt is None:
            if shown != self.shown or now != self.now:
                self.troubles.append(f"it shows {shown} at {now}, not {self.shown} at {self.now}")
            return
        what, method, path, document, keys = doubt
        taken = self.taken(server)
        if what == "snapshot":
            name = path.split("/")[2]
            if name in taken and (name not in self.snapshots or taken[name] != self.snapshots[name][0]):
                self.snapshots[name] = (taken[name], keys)
        if now < self.now and what != "restore":
            self.troubles.append(f"the clock went from {self.now} back to {now}: {doubt[:4]}")
        if shown != self.shown:
            self.happened += 1
            self.ask(server, method, path, document)
            again = self.look(server)
            if again != shown or (what == "restore" and self.clock(server) != now):
                self.troubles.append(f"half of {doubt[:4]}: it showed {self.shown}, then {shown}, and once more {again}")
        if what in ALL_KEYS:
            was, then = self.keys(), self.keys_after(doubt[:4])
            self.take(then if shown != self.shown or not self.are_there(server, was) else was)

    def versions(self, connection, bucket):
        """key -> [(version id, is a delete marker)], newest first"""
        found, after = {}, ""
        while True:
            connection.request("GET", f"/{bucket}?versions{after}")
            content = connection.getresponse().read().decode()
            for kind, key, version in re.findall(r"<(Version|DeleteMarker)>.*?<Key>(.*?)</Key>.*?<VersionId>(.*?)</VersionId>", content, re.S):
                found.setdefault(f"/{quote(key)}", []).append((version, kind == "DeleteMarker"))
            more = re.search("<NextKeyMarker>(.*?)</NextKeyMarker><NextVersionIdMarker>(.*?)</NextVersionIdMarker>", content)
            if not more:
                return found
            after = f"&key-marker={quote(more[1])}&version-id-marker={quote(more[2])}"

    def differences(self, server, keys):
        connection = server.connect()
        there = {bucket: self.versions(connection, bucket) for bucket in (LEFT, RIGHT)}
        for client, its in zip(self.clients, keys):
            own = {path[len(client.bucket) + 1:] for path in its} | {
                key for key in there[client.bucket] if key.startswith(f"/{quote(f'w{client.number}/')}")}
            for key in sorted(own):
                path = f"/{client.bucket}{key}"
                want = [(version, body is None) for version, body in reversed(its.get(path, []))]
                got = there[client.bucket].get(key, [])
                if got != want:
                    yield client, path, got, want
        connection.close()

    def are_there(self, server, keys):
        """In an outage nothing can be listed: as at the end of it."""
        for change in HEALED:
            self.ask(server, *change)
        return all(in_doubt(client, path, got, want) for client, path, got, want in self.differences(server, keys))

    def judge_keys(self, server):
        for client, path, got, want in self.differences(server, self.keys()):
            if in_doubt(client, path, got, want):
                client.keys.setdefault(path, []).append((got[0][0], client.doubt[1]))
            else:
                self.troubles.append(f"{path}: {got}, acknowledged {want}, in doubt {client.doubt}")
        for client in self.clients:
            client.doubt = None

    def judge_replicas(self, server):
        connection = server.connect()
        for client in self.clients:
            replicas = self.versions(connection, OTHER[client.bucket])
            for path, versions in client.keys.items():
                want = [(version, body is None) for version, body in reversed(versions)]
                got = replicas.get(path[len(client.bucket) + 1:], [])
                if got != want:
                    self.troubles.append(f"{path}: the replica has {got}, not {want}")
                for version, body in versions[-2:]:
                    for bucket, status in ((client.bucket, "COMPLETED"), (OTHER[client.bucket], "REPLICA")) if body else ():
                        target = f"/{bucket}{path[len(client.bucket) + 1:]}?versionId={version}"
                        connection.request("GET", target)
                        answer = connection.getresponse()
                        content = answer.read()
                        if digest(content) != body or answer.headers["x-amz-replication-status"] != status:
                            self.troubles.append(f"{target}: {answer.status} {answer.headers['x-amz-replication-status']}, not {status}")
        connection.close()


def change_rounds(checks, where, seed, rounds):
    world = Changes(where, seed)
    server = world.serve()
    world.judge(server)
    for number in range(1, rounds + 1):
        world.round(server, number)
        server = world.serve()
        world.judge(server)
        if not checks.check(f"changes, round {number}: what was acknowledged is shown, nothing by half", not world.troubles,
                            *world.troubles[:4]):
            break
    print(f"      {world.made} changes acknowledged; of those in doubt {world.happened} had happened")
    checks.equal("changes: the server ends with 0", server.terminate(), 0)
