"""A stream of writes whose every acknowledgement is remembered, so that a crash can be judged by it.

Each writer has keys of its own and writes them one request at a time: what was acknowledged is certain, and at most one
request per writer is in doubt when the server dies. A request in doubt may have happened or not, but never by half.
"""
import base64
import hashlib
import http.client
import random
import re
import threading

from served import quote

LEFT, RIGHT, PLAIN = "left-use1", "right-euw1", "plain-use1"
OTHER = {LEFT: RIGHT, RIGHT: LEFT}
KEYS = 5
REMOVED = "removed"
CONTROL = "123456789012.s3-control.us-west-2.amazonaws.com"
ACCESS_POINTS = 20  # each writer makes at most so many: an account has room for 100


def digest(body):
    return hashlib.sha256(body).hexdigest()


class Key:
    """What must be there: versions, oldest first, as (version id, digest or None for a delete marker)."""

    def __init__(self, bucket, name):
        self.bucket, self.name = bucket, name
        self.versions = []
        self.doubt = []  # what a request in doubt may have added: digest, None or (REMOVED, version id)
        self.removed = set()  # deleted for good; such deletions do not travel to replicas
        self.touched = False
        self.settings, self.access_points = {}, []  # of the writer whose first key this is

    @property
    def path(self):
        return f"/{self.bucket}/{quote(self.name)}"


class Upload:
    def __init__(self, key, upload_id):
        self.key, self.id = key, upload_id
        self.parts = []  # acknowledged: (number, ETag, body)
        self.completing = False

    def document(self):
        rows = "".join(f"<Part><PartNumber>{n}</PartNumber><ETag>{e}</ETag></Part>" for n, e, _ in self.parts)
        return f"<CompleteMultipartUpload>{rows}</CompleteMultipartUpload>"

    def body(self):
        return b"".join(body for _, _, body in self.parts)


class Progress:
    """Counts acknowledgements; the killer waits for one of them."""

    def __init__(self):
        self.condition = threading.Condition()
        self.count = 0
        self.writers = 0

    def acknowledged(self):
        with self.condition:
            self.count += 1
            self.condition.notify_all()

    def enough(self):
        with self.condition:
            self.count = 10**9
            self.condition.notify_all()

    def ended(self):
        with self.condition:
            self.writers -= 1
            self.condition.notify_all()

    def wait_for(self, count):
        with self.condition:
            self.condition.wait_for(lambda: self.count >= count or self.writers == 0, timeout=60)
            return self.count


class Writer(threading.Thread):
    """One client. It lives over all rounds as its `keys` and `upload`; each round is a new thread with the same ones."""

    def __init__(self, number, seed, keys, progress, port):
        super().__init__(daemon=True)
        self.number = number
        self.random = random.Random(f"{seed}/{number}")
        self.keys, self.progress, self.port = keys, progress, port
        self.upload = None
        self.together = []  # keys that one DeleteObjects in doubt named: all or none
        self.surprise = None  # an answer that no crash explains

    def run(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            while self.surprise is None:
                self.step(connection)
        except (OSError, http.client.HTTPException):
            pass  # the server was killed, which is what this is about
        finally:
            connection.close()
            self.progress.ended()

    def ask(self, connection, method, target, body=b"", headers=None):
        connection.request(method, target, body=body, headers=headers or {})
        answer = connection.getresponse()
        content = answer.read()
        if answer.status not in (200, 204) or b"<Error>" in content:
            self.surprise = f"{method} {target}: {answer.status} {content!r}"
        else:
            self.progress.acknowledged()
        return answer.headers, content

    def step(self, connection):
        key = self.random.choice(self.keys)
        key.touched = True
        kinds = {"small": 36, "large": 8, "marker": 8, "several": 8, "remove": 6, "multipart": 18, "copy": 8, "setting": 5,
                 "access_point": 3}
        getattr(self, self.random.choices(list(kinds), list(kinds.values()))[0])(connection, key)

    def bytes(self, least, most):
        return self.random.randbytes(self.random.randint(least, most))

    def happened(self, key, headers, what):
        """The request in doubt was acknowledged."""
        key.doubt = []
        if self.surprise:
            return
        if key.bucket == PLAIN:
            key.versions = [("null", what)] if what else []
        else:
            key.versions.append((headers["x-amz-version-id"], what))

    def put(self, connection, key, body):
        key.doubt = [digest(body)]
        headers, _ = self.ask(connection, "PUT", key.path, body)
        self.happened(key, headers, digest(body))

    def small(self, connection, key):
        self.put(connection, key, self.bytes(0, 3000))

    def large(self, connection, key):
        self.put(connection, key, self.bytes(1_100_000, 2_500_000))

    def marker(self, connection, key):
        key.doubt = [None]
        headers, _ = self.ask(connection, "DELETE", key.path)
        self.happened(key, headers, None)

    def several(self, connection, _):
        """One DeleteObjects of several keys."""
        self.together = self.random.sample(self.keys, self.random.randint(2, len(self.keys)))
        for key in self.together:
            key.touched, key.doubt = True, [None]
        names = "".join(f"<Object><Key>{key.name}</Key></Object>" for key in self.together)
        document = f"<Delete>{names}</Delete>".encode()
        md5 = base64.b64encode(hashlib.md5(document).digest()).decode()
        _, content = self.ask(connection, "POST", f"/{self.together[0].bucket}?delete", document, {"Content-MD5": md5})
        markers = dict(re.findall("<Key>(.*?)</Key>.*?<DeleteMarkerVersionId>(.*?)</DeleteMarkerVersionId>",
                                  content.decode().replace("</Deleted>", "</Deleted>\n")))
        for key in self.together:
            self.happened(key, {"x-amz-version-id": markers.get(key.name)}, None)
        self.together = []

    def setting(self, connection, _):
        """A setting of the bucket, under an id of this writer's own."""
        settings = self.keys[0].settings
        name = f"w{self.number}"
        settings["doubt"] = f"p{self.random.randrange(10**9)}"
        self.ask(connection, "PUT", f"/{self.keys[0].bucket}?metrics&id={name}",
                 f'<MetricsConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Id>{name}</Id><Filter>'
                 f"<Prefix>{settings['doubt']}</Prefix></Filter></MetricsConfiguration>")
        if not self.surprise:
            settings["value"] = settings.pop("doubt")

    def access_point(self, connection, _):
        made = self.keys[0].access_points
        if len(made) == ACCESS_POINTS:
            return
        name = f"w{self.number}-{len(made)}"
        made.append([name, None])
        _, content = self.ask(connection, "POST", "/v20180820/async-requests/mrap/create",
                              f'<CreateMultiRegionAccessPointRequest xmlns="http://awss3control.amazonaws.com/doc/2018-08-20/">'
                              f"<ClientToken>{name}</ClientToken><Details><Name>{name}</Name><Regions><Region><Bucket>{LEFT}"
                              f"</Bucket></Region><Region><Bucket>{RIGHT}</Bucket></Region></Regions></Details>"
                              "</CreateMultiRegionAccessPointRequest>", {"Host": CONTROL, "x-amz-account-id": "123456789012"})
        if not self.surprise:
            made[-1][1] = re.search(b"<RequestTokenARN>(.*?)</RequestTokenARN>", content)[1].decode()

    def remove(self, connection, key):
        if key.bucket == PLAIN or not key.versions:
            return
        version = self.random.choice(key.versions)
        key.doubt = [(REMOVED, version[0])]
        self.ask(connection, "DELETE", f"{key.path}?versionId={quote(version[0])}")
        key.doubt = []
        key.versions.remove(version)
        key.removed.add(version[0])

    def copy(self, connection, key):
        sources = [k for k in self.keys if k is not key and k.versions and k.versions[-1][1]]
        if not sources:
            return
        source = self.random.choice(sources)
        key.doubt = [source.versions[-1][1]]
        headers, _ = self.ask(connection, "PUT", key.path, headers={"x-amz-copy-source": source.path})
        self.happened(key, headers, source.versions[-1][1])

    def multipart(self, connection, key):
        _, content = self.ask(connection, "POST", f"{key.path}?uploads")
        upload = Upload(key, re.search(b"<UploadId>(.*?)</UploadId>", content)[1].decode())
        self.upload = upload
        for number in range(1, self.random.randint(1, 4) + 1):
            body = self.bytes(1_100_000, 1_300_000) if self.random.random() < 0.2 else self.bytes(1024, 5000)
            headers, _ = self.ask(connection, "PUT", f"{key.path}?partNumber={number}&uploadId={upload.id}", body)
            upload.parts.append((number, headers["ETag"], body))
        upload.completing = True
        key.doubt = [digest(upload.body())]
        headers, _ = self.ask(connection, "POST", f"{key.path}?uploadId={upload.id}", upload.document())
        self.happened(key, headers, digest(upload.body()))
        self.upload = None
