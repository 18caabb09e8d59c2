"""Bad requests as rows: what is wrong, the bytes, and the answers that say so (status, Code).

Where AWS documents an answer it is AWS's; the others are ours, in the same shape. Several allowed answers: any is clear.
"""
import base64
import hashlib

from talk import request

CONTROL = "123456789012.s3-control.us-west-2.amazonaws.com"
TOO_LARGE = (400, "RequestHeaderSectionTooLarge")
BAD = (400, "BadRequest")
MALFORMED = (400, "MalformedXML")


def put(key, *headers, body=b"abc", **how):
    return request("PUT", f"/wire/{key}", *headers, body=body, **how)


def post_xml(query, body, method="POST"):
    digest = base64.b64encode(hashlib.md5(body).digest()).decode()
    return request(method, f"/wire?{query}", f"Content-MD5: {digest}", body=body)


def streaming(body, *headers, decoded=3, kind="STREAMING-UNSIGNED-PAYLOAD-TRAILER"):
    return put("k", "Content-Encoding: aws-chunked", f"x-amz-content-sha256: {kind}",
               f"x-amz-decoded-content-length: {decoded}", *headers, body=body)


BOMB = (b'<?xml version="1.0"?><!DOCTYPE d [<!ENTITY a "aaaaaaaaaa">'
        + b"".join(b'<!ENTITY %c "%s">' % (98 + i, b"&%c;" % (97 + i) * 10) for i in range(9))
        + b"]><VersioningConfiguration><Status>&j;</Status></VersioningConfiguration>")
FILE = (b'<?xml version="1.0"?><!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
        b"<VersioningConfiguration><Status>&x;</Status></VersioningConfiguration>")
REMOTE = (b'<?xml version="1.0"?><!DOCTYPE d SYSTEM "http://127.0.0.1:1/x.dtd">'
          b"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>")

HEADS = [
    ("a header of 20 KB", put("k", "x-amz-meta-a: " + "v" * 20000), [TOO_LARGE, (400, "MetadataTooLarge")]),
    ("a header of 200 KB", put("k", "x-amz-meta-a: " + "v" * 200000), [TOO_LARGE, (431, None)]),
    ("300 headers", put("k", *[f"x-h{i}: v" for i in range(300)]), [TOO_LARGE]),
    ("5,000 headers", put("k", *[f"x-h{i}: v" for i in range(5000)]), [TOO_LARGE, (431, None)]),
    ("3 KB of user metadata", put("k", *[f"x-amz-meta-{i}: " + "v" * 500 for i in range(6)]), [(400, "MetadataTooLarge")]),
    ("a target of 20 KB", put("k" * 20000), [(414, "BadRequest"), (414, None)]),
    ("a target of 200 KB", put("k" * 200000), [(414, "BadRequest"), (414, None)]),
    ("200 query parameters", request("GET", "/wire?" + "&".join(f"a{i}=1" for i in range(200))), [(400, None)]),
    ("a blank in a header's name", put("k", "x-amz-meta-a : v"), [BAD]),
    ("a continued header line", request("GET", "/wire", "x-a: v", " w"), [BAD, (200, None)]),
    ("a control character in a header", put("k", "x-amz-meta-a: a\1b"), [BAD]),
    ("a line without a colon", put("k", "nonsense"), [BAD, (400, None)]),
    ("a NUL in the target", request("GET", "/wire/a\0b"), [BAD, (400, None)]),
    ("a tab in the target", request("GET", "/wire/a\tb"), [BAD]),
    ("no Host", request("GET", "/wire", host=None), [BAD]),
    ("two Hosts", request("GET", "/wire", "Host: localhost"), [BAD]),
    ("two Authorizations", request("GET", "/wire", "Authorization: AWS a:b", "Authorization: AWS a:c"), [BAD]),
    ("HTTP/3.0", b"GET /wire HTTP/3.0\r\nHost: 127.0.0.1\r\n\r\n", [BAD, (505, None)]),
    ("an absolute target without a host", b"GET http:///wire HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", [(400, None)]),
    ("no version", b"GET /wire\r\n\r\n", [BAD, (400, None), None]),
    ("HTTP/2's preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", [BAD, (400, None), (505, None), None]),
    ("bytes that are no protocol", b"\x00\x01\x02\x03nonsense\r\n\r\n", [(400, None)]),
    ("TLS that is none", b"\x16\x03\x01\x00\x05nonsense\r\n\r\n", [None]),
    ("a method of digits", request("G3T", "/wire"), [BAD]),
    ("an unknown method", request("FROB", "/wire"), [(405, "MethodNotAllowed")]),
    ("a method in small letters", request("get", "/wire"), [(405, "MethodNotAllowed"), BAD]),
    ("TRACE", request("TRACE", "/wire"), [(405, "MethodNotAllowed")]),
    ("CONNECT as a second request", request("GET", "/_atoll/health/live") + request("CONNECT", "s3.amazonaws.com:443"),
     [(200, None)]),
]

LENGTHS = [
    ("Content-Length: abc", put("k", "Content-Length: abc"), [BAD, (400, None)]),
    ("Content-Length: -1", put("k", "Content-Length: -1"), [BAD, (400, None)]),
    ("Content-Length: +3", put("k", "Content-Length: +3"), [BAD, (400, None)]),
    ("Content-Length: 0x3", put("k", "Content-Length: 0x3"), [BAD, (400, None)]),
    ("Content-Length: 99999999999999999999999", put("k", "Content-Length: 99999999999999999999999"), [BAD, (400, None), (413, None)]),
    ("Content-Length: 6 TB", put("k", "Content-Length: 6597069766656"), [(400, "EntityTooLarge")]),
    ("two lengths", put("k", "Content-Length: 3", "Content-Length: 4"), [BAD]),
    ("two equal lengths", put("k", "Content-Length: 3", "Content-Length: 3"), [BAD]),
    ("a length and chunks", put("k", "Content-Length: 3", "Transfer-Encoding: chunked"), [BAD]),
    ("an unknown transfer encoding", put("k", "Transfer-Encoding: gzip"), [(501, "NotImplemented")]),
    ("chunked twice", put("k", "Transfer-Encoding: chunked", "Transfer-Encoding: chunked"), [BAD]),
    ("chunks, gzip", put("k", "Transfer-Encoding: gzip, chunked"), [(501, "NotImplemented")]),
    ("no length at all", request("PUT", "/wire/k"), [(411, "MissingContentLength")]),
    ("an unknown expectation", request("GET", "/wire", "Expect: miracles"), [(417, None), (200, None)]),
    ("a Content-MD5 that is none", put("k", "Content-MD5: abc"), [(400, "InvalidDigest")]),
    ("another body's Content-MD5", put("k", "Content-MD5: " + base64.b64encode(b"0" * 16).decode()), [(400, "BadDigest")]),
    ("a checksum that is none", put("k", "x-amz-checksum-crc32: nonsense"), [(400, "InvalidRequest")]),
    ("another body's checksum", put("k", "x-amz-checksum-crc32: AAAAAA=="), [(400, "BadDigest")]),
    ("two checksums", put("k", "x-amz-checksum-crc32: NSRBwg==", "x-amz-checksum-sha1: AAAA"), [(400, "InvalidRequest")]),
    ("another body's x-amz-content-sha256", put("k", "x-amz-content-sha256: " + "0" * 64),
     [(400, "XAmzContentSHA256Mismatch")]),
]

CHUNKS = [  # Transfer-Encoding: chunked
    ("a size that is none", b"zz\r\nabc\r\n0\r\n\r\n"),
    ("a negative size", b"-3\r\nabc\r\n0\r\n\r\n"),
    ("a size of 2^64", b"10000000000000000\r\nabc\r\n0\r\n\r\n"),
    ("no line end behind a chunk", b"3\r\nabcX0\r\n\r\n"),
]

STREAMED = [  # aws-chunked
    ("a size that is none", streaming(b"zz\r\nabc\r\n0\r\n\r\n"), None),
    ("more than announced", streaming(b"4\r\nabcd\r\n0\r\n\r\n"), None),
    ("less than announced", streaming(b"2\r\nab\r\n0\r\n\r\n"), None),
    ("no last chunk", streaming(b"3\r\nabc\r\n"), None),
    ("a chunk cut short", streaming(b"8\r\nabc"), None),
    ("bytes behind the end", streaming(b"3\r\nabc\r\n0\r\n\r\ngarbage"), None),
    ("an endless size line", streaming(b"3;chunk-signature=" + b"a" * 100000 + b"\r\nabc\r\n0\r\n\r\n"), None),
    ("a wrong trailer", streaming(b"3\r\nabc\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n",
                                  "x-amz-trailer: x-amz-checksum-crc32"), "BadDigest"),
    ("a trailer that was not announced", streaming(b"3\r\nabc\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n"), None),
    ("a trailer announced and missing", streaming(b"3\r\nabc\r\n0\r\n\r\n", "x-amz-trailer: x-amz-checksum-crc32"), None),
    ("trailers without end", streaming(b"3\r\nabc\r\n0\r\n" + b"x-amz-meta-a:b\r\n" * 5000 + b"\r\n"), None),
    ("no decoded length", put("k", "x-amz-content-sha256: STREAMING-UNSIGNED-PAYLOAD-TRAILER", body=b"3\r\nabc\r\n0\r\n\r\n"), None),
    ("a decoded length that is none", streaming(b"3\r\nabc\r\n0\r\n\r\n", decoded="x"), None),
    ("an unknown streaming kind", streaming(b"3\r\nabc\r\n0\r\n\r\n", kind="STREAMING-MAGIC"), None),
]

DOCUMENTS = [
    ("a bomb of entities", post_xml("versioning", BOMB, method="PUT"), [MALFORMED]),
    ("a local file as an entity", post_xml("versioning", FILE, method="PUT"), [MALFORMED]),
    ("a remote DTD", post_xml("versioning", REMOTE, method="PUT"), [MALFORMED]),
    ("100,000 levels", post_xml("versioning", b"<a>" * 100000, method="PUT"), [MALFORMED]),
    ("100,000 levels, closed", post_xml("delete", b"<a>" * 100000 + b"</a>" * 100000), [MALFORMED]),
    ("3 MB of blanks", post_xml("versioning", b"<VersioningConfiguration>" + b" " * 3_000_000 + b"</VersioningConfiguration>",
                                method="PUT"), [MALFORMED, (400, "MaxMessageLengthExceeded")]),
    ("100,000 attributes", post_xml("versioning", b"<VersioningConfiguration " + b" ".join(
        b'a%d="1"' % i for i in range(100000)) + b"/>", method="PUT"), [MALFORMED, (400, None)]),
    ("a document that ends early", post_xml("versioning", b"<VersioningConfiguration><Sta", method="PUT"), [MALFORMED]),
    ("another document", post_xml("versioning", b"<Tagging/>", method="PUT"), [MALFORMED]),
    ("no document", post_xml("versioning", b"", method="PUT"), [(400, "MissingRequestBodyError"), MALFORMED]),
    ("no XML", post_xml("delete", b"\x00\xff\xfe nonsense"), [MALFORMED]),
    ("JSON", post_xml("delete", b'{"Objects": []}'), [MALFORMED]),
    ("nothing to delete", post_xml("delete", b"<Delete></Delete>"), [MALFORMED]),
    ("1,001 keys to delete", post_xml("delete", b"<Delete>" + b"<Object><Key>a</Key></Object>" * 1001 + b"</Delete>"), [MALFORMED]),
    ("a status that is none", post_xml("versioning", b"<VersioningConfiguration><Status>Maybe</Status></VersioningConfiguration>",
                                       method="PUT"), [MALFORMED]),
    ("an invalid character reference", post_xml("delete", b"<Delete><Object><Key>&#0;</Key></Object></Delete>"), [MALFORMED]),
    ("replication without rules", post_xml("replication", b"<ReplicationConfiguration><Role>x</Role></ReplicationConfiguration>",
                                           method="PUT"), [MALFORMED, (400, "InvalidRequest")]),
    ("completing an upload that is none", request("POST", "/wire/k?uploadId=nonsense", body=b"<CompleteMultipartUpload>"
                                                  b"<Part><PartNumber>1</PartNumber><ETag>x</ETag></Part></CompleteMultipartUpload>"),
     [(404, "NoSuchUpload")]),
]

NAMES = [
    ("a key of 1,025 bytes", put("k" * 1025), [(400, "KeyTooLongError")]),
    ("a key of 1,024 bytes, escaped, and one more", put("%61" * 1025), [(400, "KeyTooLongError")]),
    ("a broken escape", request("GET", "/wire/%zz"), [(400, "InvalidURI")]),
    ("half an escape", request("GET", "/wire/a%2"), [(400, "InvalidURI")]),
    ("a key that is no UTF-8", request("PUT", "/wire/%ff%fe", body=b"abc"), [(400, "InvalidURI"), (400, "InvalidArgument"), (400, None)]),
    ("a bucket name with capitals", request("PUT", "/WIRE_", "Content-Length: 0"), [(400, "InvalidBucketName")]),
    ("a bucket that is not there", request("GET", "/nothing-of-that-name"), [(404, "NoSuchBucket")]),
    ("part 0", request("PUT", "/wire/k?partNumber=0&uploadId=x", body=b"abc"), [(400, "InvalidArgument")]),
    ("part 10001", request("PUT", "/wire/k?partNumber=10001&uploadId=x", body=b"abc"), [(400, "InvalidArgument")]),
    ("part abc", request("PUT", "/wire/k?partNumber=abc&uploadId=x", body=b"abc"), [(400, "InvalidArgument")]),
    ("an upload that is none", request("PUT", "/wire/k?partNumber=1&uploadId=x", body=b"abc"), [(404, "NoSuchUpload")]),
    ("max-keys=-1", request("GET", "/wire?list-type=2&max-keys=-1"), [(400, "InvalidArgument")]),
    ("max-keys=abc", request("GET", "/wire?list-type=2&max-keys=abc"), [(400, "InvalidArgument")]),
    ("a continuation token that is none", request("GET", "/wire?list-type=2&continuation-token=%00nonsense"), [(400, "InvalidArgument")]),
    ("a version id that is none", request("GET", "/wire/k?versionId=nonsense"), [(400, "InvalidArgument"), (404, "NoSuchVersion")]),
    ("an empty version id", request("GET", "/wire/k?versionId="), [(400, "InvalidArgument")]),
    ("a copy source that is none", put("k", "x-amz-copy-source: nonsense", body=b""), [(400, "InvalidArgument")]),
    ("a copy source without a bucket", put("k", "x-amz-copy-source: //", body=b""), [(400, "InvalidArgument"), (400, "InvalidBucketName")]),
    ("a copy source that is not there", put("k", "x-amz-copy-source: /wire/nothing", body=b""), [(404, "NoSuchKey")]),
    ("a storage class that is none", put("k", "x-amz-storage-class: NONSENSE"), [(400, "InvalidStorageClass")]),
    ("tags that are none", put("k", "x-amz-tagging: a=1&a=2"), [(400, "InvalidTag"), (400, "InvalidArgument")]),
    ("eleven tags", put("k", "x-amz-tagging: " + "&".join(f"t{i}=1" for i in range(11))), [(400, "BadRequest"), (400, "InvalidTag")]),
]

WHO = [
    ("an Authorization without a sense", request("GET", "/wire", "Authorization: nonsense"),
     [(400, "InvalidArgument"), (400, "AuthorizationHeaderMalformed"), (403, None)]),
    ("Bearer", request("GET", "/wire", "Authorization: Bearer x"), [(400, "InvalidArgument"), (403, None)]),
    ("AWS4 without fields", request("GET", "/wire", "Authorization: AWS4-HMAC-SHA256 nonsense"),
     [(400, "AuthorizationHeaderMalformed"), (400, None)]),
    ("a credential of too few words", request(
        "GET", "/wire", "Authorization: AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=0", "x-amz-date: 20260101T000000Z"),
     [(400, "AuthorizationHeaderMalformed")]),
    ("a presigned URL without a date", request("GET", "/wire/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=0"),
     [(400, "AuthorizationQueryParametersError")]),
    ("a presigned URL for 8 days", request(
        "GET", "/wire/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=a%2F20260101%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date="
        "20260101T000000Z&X-Amz-Expires=700000&X-Amz-SignedHeaders=host&X-Amz-Signature=0"), [(400, "AuthorizationQueryParametersError")]),
]

HOSTS = [
    ("a host of no service", request("GET", "/x", host="example.com"), None),
    ("an AWS service that is not here", request("GET", "/", host="dynamodb.us-east-1.amazonaws.com"), "dynamodb"),
    ("a Region that is none", request("GET", "/wire", host="s3.us-nowhere-9.amazonaws.com"), None),
    ("an empty host", request("GET", "/wire", host=""), None),
    ("a host of 5,000 bytes", request("GET", "/wire", host="a" * 5000 + ".s3.amazonaws.com"), None),
    ("a host with a slash", request("GET", "/wire", host="a/b.s3.amazonaws.com"), None),
    ("an alias of no access point", request("GET", "/k", host="nothing.mrap.accesspoint.s3-global.amazonaws.com"), None),
    ("absolute form to a stranger", request("GET", "http://example.com/secret", host="example.com"), "example.com"),
    ("absolute form to a stranger, our Host", request("GET", "http://example.com/secret"), None),
    ("absolute form of another scheme", request("GET", "ftp://127.0.0.1/wire"), None),
]


def routes(arn, method="GET", body=None):
    return request(method, f"/v20180820/mrap/instances/{arn}/routes", host=CONTROL, body=body)




def metric_data(body):
    return request("POST", "/service/GraniteServiceVersion20100801/operation/GetMetricData", "smithy-protocol: rpc-v2-cbor",
                   "Content-Type: application/cbor", body=body, host="monitoring.us-east-1.amazonaws.com")


NO_CBOR, QUERIES = b"SerializationException", b"\xa1\x71MetricDataQueries"
TIMES = b"\xa3\x71MetricDataQueries\x81\xa2\x62Id\x61a\x6aExpression\x611\x67EndTime\xc1\x1a\x68\0\0\0\x69StartTime"
CBOR = [  # what, body, what the answer names
    ("arrays 100,000 deep", b"\x81" * 100_000, NO_CBOR),
    ("maps 50,000 deep", b"\xa1\x61a" * 50_000, NO_CBOR),
    ("50,000 open arrays", b"\x9f" * 50_000, NO_CBOR),
    ("50,000 tags", b"\xc1" * 50_000 + b"\x01", NO_CBOR),
    ("a map of 2^64-1 members", b"\xbb" + b"\xff" * 8, NO_CBOR),
    ("an array of 2^63 elements", b"\x9b\x80" + b"\0" * 7, NO_CBOR),
    ("a text of 2^63-1 bytes", b"\xa1\x7b\x7f" + b"\xff" * 7, NO_CBOR),
    ("a text of 4 GiB", b"\xa1\x7a\xff\xff\xff\xffa", NO_CBOR),
    ("a text that is cut", b"\xa1\x64Met", NO_CBOR),
    ("a number that is cut", QUERIES + b"\x1b\0", NO_CBOR),
    ("a map without its last value", b"\xa1\x61a", NO_CBOR),
    ("an open map that does not end", b"\xbf\x61a\x01", NO_CBOR),
    ("an open map that ends after a key", b"\xbf\x61a\xff", NO_CBOR),
    ("an open text of numbers", b"\xa1\x7f\x01\xff\x01", NO_CBOR),
    ("an open text in an open text", b"\xa1\x7f\x7f\x61a\xff\xff\x01", NO_CBOR),
    ("an end without a beginning", b"\xff", NO_CBOR),
    ("a reserved length", b"\x1c", NO_CBOR),
    ("a key that is a number", b"\xa1\x01\x02", NO_CBOR),
    ("more after the document", b"\xa0\0", NO_CBOR),
    ("an array as the document", b"\x80", NO_CBOR),
    ("JSON", b"{}", NO_CBOR),
    ("queries that are a number", QUERIES + b"\x01", b"MetricDataQueries"),
    ("a query that is a number", QUERIES + b"\x81\x01", b"MetricDataQueries"),
    ("a time that is a word", TIMES + b"\x65never", b"StartTime"),
    ("a time that is no number", TIMES + b"\xc1\xfb\x7f\xf8" + b"\0" * 6, b"StartTime"),
    ("a time without an end", TIMES + b"\xc1\xfb\x7f\xf0" + b"\0" * 6, b"StartTime"),
]

CONTROLS = [
    ("an ARN that is none", routes("nonsense")),
    ("an ARN of another service", routes("arn%3Aaws%3Asqs%3A%3A123456789012%3Aaccesspoint%2Forders.mrap")),
    ("an ARN without a resource", routes("arn%3Aaws%3As3%3A%3A123456789012")),
    ("an ARN without an account", routes("arn%3Aaws%3As3%3A%3A%3Aaccesspoint%2Forders.mrap")),
    ("an ARN of another account", routes("arn%3Aaws%3As3%3A%3A999999999999%3Aaccesspoint%2Forders.mrap")),
    ("an ARN of 4,000 bytes", routes("arn%3Aaws%3As3%3A%3A123456789012%3Aaccesspoint%2F" + "a" * 4000)),
    ("an ARN with a NUL", routes("arn%3Aaws%3As3%3A%3A123456789012%3Aaccesspoint%2F%00")),
    ("no ARN", routes("")),
    ("routes that are no XML", routes("arn%3Aaws%3As3%3A%3A123456789012%3Aaccesspoint%2Forders.mrap", "PATCH", b"nonsense")),
    ("routes without routes", routes("arn%3Aaws%3As3%3A%3A123456789012%3Aaccesspoint%2Forders.mrap", "PATCH",
                                     b"<SubmitMultiRegionAccessPointRoutesRequest/>")),
    ("a path that is none", request("GET", "/v20180820/nonsense", host=CONTROL)),
    ("another version of the API", request("GET", "/v19990101/mrap/instances", host=CONTROL)),
    ("an access point of no buckets", request("POST", "/v20180820/async-requests/mrap/create", host=CONTROL,
                                              body=b"<CreateMultiRegionAccessPointRequest/>")),
]

JSON = "Content-Type: application/json"


def admin(method, path, body=None, *headers, host="127.0.0.1"):
    return request(method, "/_atoll/v1" + path, *headers, body=body, host=host)


ADMIN = [
    ("no JSON", admin("POST", "/clock", b"nonsense", JSON), 400, "bad-json"),
    ("JSON that ends early", admin("POST", "/clock", b'{"advance": ', JSON), 400, "bad-json"),
    ("JSON and more", admin("POST", "/clock", b'{"advance": "1s"} x', JSON), 400, "bad-json"),
    ("a name twice", admin("POST", "/clock", b'{"advance": "1s", "advance": "2s"}', JSON), 400, "bad-json"),
    ("100,000 brackets", admin("POST", "/clock", b"[" * 100000, JSON), 400, "bad-json"),
    ("a list where an object belongs", admin("POST", "/clock", b"[]", JSON), 400, "bad-document"),
    ("no document", admin("POST", "/clock", b"", JSON), 400, "bad-document"),
    ("5 MB of JSON", admin("POST", "/clock", b'{"advance": "' + b"1" * 5_000_000 + b'"}', JSON), 400, "document-too-large"),
    ("a member that is none", admin("POST", "/clock", b'{"advanec": "1s"}', JSON), 400, "unknown-field"),
    ("a duration that is none", admin("POST", "/clock", b'{"advance": "soon"}', JSON), 400, None),
    ("a number where a duration belongs", admin("POST", "/clock", b'{"advance": 5}', JSON), 400, None),
    ("a negative duration", admin("POST", "/clock", b'{"advance": "-5s"}', JSON), 400, None),
    ("a duration beyond time", admin("POST", "/clock", b'{"advance": "99999999999999h"}', JSON), 400, None),
    ("a Region that is none", admin("PATCH", "/regions/us-nowhere-9", b'{"outage": true}', JSON), 404, "unknown-region"),
    ("a Region with a NUL", admin("PATCH", "/regions/%00", b'{"outage": true}', JSON), 404, None),
    ("a partition of one group", admin("PUT", "/partitions", b'{"groups": [["us-east-1"]]}', JSON), 400, "bad-document"),
    ("a partition of numbers", admin("PUT", "/partitions", b'{"groups": [[1], [2]]}', JSON), None, None),
    ("a lag that is none", admin("PATCH", "/links/us-east-1/eu-west-1", b'{"lag": "slow"}', JSON), 400, "bad-lag"),
    ("a lag that is a number", admin("PATCH", "/links/us-east-1/eu-west-1", b'{"lag": 7}', JSON), 400, None),
    ("a link to itself", admin("PATCH", "/links/us-east-1/us-east-1", b'{"lag": "1s"}', JSON), 400, None),
    ("routes of no access point", admin("PATCH", "/mraps/nothing/routes", b'{"us-east-1": "passive"}', JSON), 404, None),
    ("a route of 101", admin("PATCH", "/mraps/orders/routes", b'{"us-east-1": 101}', JSON), 400, None),
    ("a route of 1.5", admin("PATCH", "/mraps/orders/routes", b'{"us-east-1": 1.5}', JSON), 400, None),
    ("no route left", admin("PATCH", "/mraps/orders/routes",
                            b'{"us-east-1": "passive", "eu-west-1": "passive", "ap-southeast-1": "passive"}', JSON), 400, None),
    ("a wait for nothing", admin("POST", "/wait", b'{"targets": ["nothing"]}', JSON), 404, "unknown-target"),
    ("a wait for numbers", admin("POST", "/wait", b'{"targets": [1, null, {}]}', JSON), 404, None),
    ("a reset to nowhere", admin("POST", "/reset", b'{"to": "nowhere"}', JSON), None, None),
    ("a release of -1", admin("POST", "/replication/release", b'{"count": -1}', JSON), 400, None),
    ("a path that is none", admin("GET", "/nothing"), 404, "unknown-path"),
    ("a method that is none", admin("DELETE", "/clock", b"", JSON), 405, "method-not-allowed"),
    ("a change without a type", admin("POST", "/clock", b'{"advance": "1s"}'), 415, "needs-json"),
    ("a change as text", admin("POST", "/clock", b'{"advance": "1s"}', "Content-Type: text/plain"), 415, "needs-json"),
    ("a change as a form", admin("POST", "/reset", b"to=empty", "Content-Type: application/x-www-form-urlencoded"), 415, "needs-json"),
    ("another site's page", admin("POST", "/clock", b'{"advance": "1s"}', JSON, "Origin: https://evil.example"), 403, "foreign-origin"),
    ("a page from nowhere", admin("POST", "/clock", b'{"advance": "1s"}', JSON, "Origin: null"), 403, "foreign-origin"),
    ("a request that is none", admin("GET", "/requests/nothing"), 404, None),
    ("a limit that is none", admin("GET", "/requests?limit=-1"), None, None),
]

# Longer than the server's buffer for heads: the line that begins a chunk never ends. They wait until the server gives up.
ENDLESS = [
    ("an extension of 100 KB", b"3;" + b"x" * 100_000 + b"\r\nabc\r\n0\r\n\r\n"),
    ("a size without end", b"0" * 200_000),
]
