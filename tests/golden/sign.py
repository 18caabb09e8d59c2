"""Signatures as AWS's documents define them, standard library only: SigV4 and SigV4A, in the header, in the query, and over
the chunks of a streamed body. tests/golden/signatures has what real clients made of the same rules."""
import base64
import hashlib
import hmac
import urllib.parse

EMPTY = hashlib.sha256(b"").hexdigest()
HMAC, ECDSA = "AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"
UNSIGNED = "UNSIGNED-PAYLOAD"

# The curve P-256 (FIPS 186-4, D.1.2.3).
P = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
G = (0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
     0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5)


def plus(a, b):
    if a is None or b is None:
        return a or b
    if a[0] == b[0]:
        if a[1] != b[1]:
            return None
        slope = 3 * (a[0] * a[0] - 1) * pow(2 * a[1], -1, P)
    else:
        slope = (b[1] - a[1]) * pow(b[0] - a[0], -1, P)
    x = (slope * slope - a[0] - b[0]) % P
    return x, (slope * (a[0] - x) - a[1]) % P


def times(k, point):
    result = None
    while k:
        if k & 1:
            result = plus(result, point)
        point, k = plus(point, point), k >> 1
    return result


def private_key(key_id, secret):
    """The scalar that SigV4A derives from an access key (NIST SP 800-108, counter mode)."""
    for counter in range(1, 255):
        message = b"\0\0\0\1" + ECDSA.encode() + b"\0" + key_id.encode() + bytes([counter]) + b"\0\0\1\0"
        k = int.from_bytes(hmac.digest(b"AWS4A" + secret.encode(), message, "sha256"), "big")
        if k <= N - 2:
            return k + 1
    raise ValueError("no key")


def der(number):
    data = number.to_bytes(33, "big").lstrip(b"\0") or b"\0"
    data = b"\0" + data if data[0] & 0x80 else data
    return bytes([2, len(data)]) + data


def ecdsa(scalar, text):
    digest = hashlib.sha256(text.encode()).digest()
    z = int.from_bytes(digest, "big")
    k = int.from_bytes(hmac.digest(scalar.to_bytes(32, "big"), digest, "sha256"), "big") % N
    r = times(k, G)[0] % N
    s = pow(k, -1, N) * (z + r * scalar) % N
    body = der(r) + der(s)
    return (bytes([0x30, len(body)]) + body).hex()


class Signer:
    """Signs what one key sends at one instant. `when` is a struct_time-like text, 20260102T030405Z."""

    def __init__(self, key_id, secret, when, region, service="s3", algorithm=HMAC, token=""):
        self.key_id, self.when, self.region, self.algorithm, self.token = key_id, when, region, algorithm, token
        if algorithm == HMAC:
            self.scope = f"{when[:8]}/{region}/{service}/aws4_request"
            key = ("AWS4" + secret).encode()
            for part in self.scope.split("/"):
                key = hmac.digest(key, part.encode(), "sha256")
            self.key = key
        else:
            self.scope = f"{when[:8]}/{service}/aws4_request"
            self.key = private_key(key_id, secret)

    def signature(self, text):
        if self.algorithm == HMAC:
            return hmac.new(self.key, text.encode(), "sha256").hexdigest()
        return ecdsa(self.key, text)

    def of_request(self, method, path, query, headers, signed, payload):
        lines = "".join(f"{name}:{' '.join(headers[name].split())}\n" for name in signed)
        canonical = "\n".join((method, path, query, lines, ";".join(signed), payload))
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        return self.signature("\n".join((self.algorithm, self.when, self.scope, digest)))

    def in_header(self, method, target, headers, payload):
        """The Authorization. headers: names in lower case; host, content-* and x-amz-* are signed."""
        path, _, query = target.partition("?")
        signed = sorted(n for n in headers if n == "host" or n.startswith(("x-amz-", "content-type", "content-md5")))
        self.last = self.of_request(method, path, canonical_query(query), headers, signed, payload)
        return (f"{self.algorithm} Credential={self.key_id}/{self.scope}, SignedHeaders={';'.join(signed)}, "
                f"Signature={self.last}")

    def in_query(self, method, target, headers, seconds, payload=UNSIGNED):
        """The target of a presigned request; its host and x-amz-* headers are signed."""
        path, _, query = target.partition("?")
        signed = sorted(n for n in headers if n == "host" or n.startswith("x-amz-"))
        added = {"X-Amz-Algorithm": self.algorithm, "X-Amz-Credential": f"{self.key_id}/{self.scope}",
                 "X-Amz-Date": self.when, "X-Amz-Expires": seconds, "X-Amz-SignedHeaders": ";".join(signed)}
        if self.algorithm == ECDSA:
            added["X-Amz-Region-Set"] = self.region
        if self.token:
            added["X-Amz-Security-Token"] = self.token
        query += ("&" if query else "") + "&".join(f"{n}={quote(str(v))}" for n, v in added.items())
        signature = self.of_request(method, path, canonical_query(query), headers, signed, payload)
        return f"{path}?{query}&X-Amz-Signature={signature}"

    def chunked(self, body, sizes, trailers, is_signed):
        """The aws-chunked form of a body, to be called after in_header: every chunk signs on from the one before."""
        out, before = [], self.last
        pieces = cut(body, sizes)
        for piece in pieces + [b""]:
            extension = ""
            if is_signed:
                text = "\n".join((f"{self.algorithm}-PAYLOAD", self.when, self.scope, before, EMPTY,
                                  hashlib.sha256(piece).hexdigest()))
                before = self.signature(text)
                extension = f";chunk-signature={self.padded(before)}"
            out.append(f"{len(piece):x}{extension}\r\n".encode() + piece + (b"\r\n" if piece else b""))
        if is_signed and trailers:
            said = "".join(f"{name}:{value}\n" for name, value in trailers)
            text = "\n".join((f"{self.algorithm}-TRAILER", self.when, self.scope, before,
                              hashlib.sha256(said.encode()).hexdigest()))
            trailers = trailers + [("x-amz-trailer-signature", self.padded(self.signature(text)))]
        out.extend(f"{name}:{value}\r\n".encode() for name, value in trailers)
        return b"".join(out) + b"\r\n"

    def padded(self, signature):
        return signature if self.algorithm == HMAC else signature.ljust(144, "*")


def sigv2(secret, text):
    """Version 2: what forms of old carry over their policy."""
    return base64.b64encode(hmac.digest(secret.encode(), text.encode(), "sha1")).decode()


def cut(body, sizes):
    pieces = []
    for size in sizes:
        pieces.append(body[:size])
        body = body[size:]
    while body:
        pieces.append(body[:65536])
        body = body[65536:]
    return [piece for piece in pieces if piece]


def quote(text):
    return urllib.parse.quote(text, safe="-_.~")


def canonical_query(query):
    pairs = [part.partition("=") for part in query.split("&") if part]
    return "&".join(sorted(f"{again(name)}={again(value)}" for name, _, value in pairs))


def again(text):
    return urllib.parse.quote(urllib.parse.unquote_to_bytes(text), safe="-_.~")
