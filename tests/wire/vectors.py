#!/usr/bin/python3
"""Replays the recorded signed requests against a running server over plain sockets: each is accepted as it stands, and
refused after a one-character change of anything that its signature or a declared checksum covers.
usage: vectors.py HOST:PORT DIRECTORY    (the server: --auth strict --signature-skew off -c tests/wire/vectors.json)"""
import base64
import glob
import json
import os
import random
import re
import socket
import sys

REFUSALS = {'SignatureDoesNotMatch', 'AuthorizationHeaderMalformed', 'AuthorizationQueryParametersError', 'AccessDenied',
            'XAmzContentSHA256Mismatch', 'BadDigest', 'InvalidDigest', 'InvalidRequest', 'InvalidArgument', 'InvalidChunkSizeError',
            'IncompleteBody', 'MalformedTrailerError', 'InvalidAccessKeyId', 'InvalidToken', 'InvalidURI', 'MissingContentLength',
            'NotImplemented', 'MethodNotAllowed', 'BadRequest', 'RequestTimeTooSkewed', 'InvalidSecurity', 'MalformedXML',
            'PermanentRedirect', 'KeyTooLongError', 'EntityTooLarge', 'InvalidTag', 'InvalidBucketName', 'NoSuchBucket'}
SIGNATURE = {'SignatureDoesNotMatch', 'AuthorizationHeaderMalformed', 'AuthorizationQueryParametersError', 'AccessDenied',
             'XAmzContentSHA256Mismatch', 'BadDigest', 'InvalidDigest', 'IncompleteBody', 'MalformedTrailerError', 'InvalidAccessKeyId',
             'InvalidChunkSizeError', 'RequestTimeTooSkewed', 'InvalidURI', 'MethodNotAllowed', 'NotImplemented', 'InvalidRequest',
             'BadRequest'}
LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'


def exchange(address, method, target, headers, body):
    head = f'{method} {target} HTTP/1.1\r\n'
    head += ''.join(f'{name}: {value}\r\n' for name, value in headers if name.lower() not in ('expect', 'connection'))
    names = {name.lower() for name, _ in headers}
    if 'transfer-encoding' in names:
        body = (f'{len(body):x}\r\n'.encode() + body + b'\r\n' if body else b'') + b'0\r\n\r\n'
    elif 'content-length' not in names and (body or method in ('PUT', 'POST', 'PATCH')):
        head += f'Content-Length: {len(body)}\r\n'
    head += 'Connection: close\r\n\r\n'
    with socket.create_connection(address, timeout=20) as s:
        try:
            s.sendall(head.encode('latin1') + body)
        except OSError:
            pass
        answer = b''
        while True:
            try:
                piece = s.recv(65536)
            except ConnectionResetError:
                break
            if not piece:
                break
            answer += piece
    status = int(answer.split(b' ', 2)[1]) if answer.startswith(b'HTTP/1.') else 0
    code = re.search(rb'<Code>([^<]*)</Code>', answer)
    if b"; expecting '" in answer:
        return status, 'WrongRegion'  # the signature is right; it was made for another Region
    return status, code.group(1).decode() if code else ''


def other(rng, c):
    return rng.choice([x for x in LETTERS if x.lower() != c.lower()])


def change(rng, text, at):
    return text[:at] + other(rng, text[at]) + text[at + 1:]


def body_is_covered(vector):
    payload = vector.get('payload', '')
    if re.fullmatch('[0-9a-f]{64}', payload):
        return True
    names = {name.lower() for name, _ in vector['headers']}
    return payload.startswith('STREAMING') or 'content-md5' in names or any(n.startswith('x-amz-checksum-') for n in names)


def mutations(vector, body, rng):
    """(what, method, target, headers, body) with one character changed."""
    method, target, headers = vector['method'], vector['target'], [tuple(h) for h in vector['headers']]
    yield 'method', {'GET': 'HEAD', 'HEAD': 'GET'}.get(method, 'POST' if method != 'POST' else 'PUT'), target, headers, body
    places = [i for i, c in enumerate(target) if c in LETTERS and target[i - 1] != '%' and target[i - 2] != '%' and i > 0]
    for at in rng.sample(places, min(3, len(places))):
        yield f'target at {at}', method, change(rng, target, at), headers, body
    signed = set(vector.get('signed_headers') or [])
    for index, (name, value) in enumerate(headers):
        low = name.lower()
        if low in signed and low not in ('host', 'content-length', 'transfer-encoding') and any(c in LETTERS for c in value):
            at = rng.choice([i for i, c in enumerate(value) if c in LETTERS])
            changed = headers[:index] + [(name, change(rng, value, at))] + headers[index + 1:]
            yield f'header {low} at {at}', method, target, changed, body
        if low == 'authorization':
            start = value.index('Signature=') + 10
            at = rng.randrange(start, len(value))
            hexed = rng.choice([x for x in '0123456789abcdef' if x != value[at]])
            yield f'signature at {at}', method, target, headers[:index] + [(name, value[:at] + hexed + value[at + 1:])] + headers[index + 1:], body
    if body and body_is_covered(vector):
        for at in sorted({rng.randrange(len(body)) for _ in range(4)}):
            yield f'body at {at}', method, target, headers, body[:at] + bytes([body[at] ^ 1]) + body[at + 1:]


def main():
    host, port = sys.argv[1].rsplit(':', 1)
    address = (host, int(port))
    passed = failed = 0
    # Those that delete the access point come last: the others need it.
    paths = glob.glob(os.path.join(sys.argv[2], '*.json'))
    for path in sorted(paths, key=lambda p: ('-delete-' in p and 's3control' in p, p)):
        vector = json.load(open(path))
        name = os.path.basename(path)[:-5]
        if name.startswith('presign-sigv2'):
            continue
        body = base64.b64decode(vector['body']) if vector.get('body_encoding') == 'base64' else vector['body'].encode('latin1')
        status, code = exchange(address, vector['method'], vector['target'], vector['headers'], body)
        if status == 0 or code in SIGNATURE or (status in (400, 403) and code != 'WrongRegion'):
            print(f'FAIL  {name}: refused as it stands: {status} {code}')
            failed += 1
        else:
            passed += 1
        rng = random.Random(name)
        for what, method, target, headers, changed in mutations(vector, body, rng):
            status, code = exchange(address, method, target, headers, changed)
            head_refused = method == 'HEAD' and status in (400, 403, 405, 501)
            if head_refused or (400 <= status < 600 and (code in REFUSALS or code == '')):
                passed += 1
            else:
                print(f'FAIL  {name}: accepted with a changed {what}: {status} {code}')
                failed += 1
    print(f'{passed} passed, {failed} failed')
    return 1 if failed or not passed else 0


if __name__ == '__main__':
    sys.exit(main())
