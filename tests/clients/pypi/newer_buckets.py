"""A current boto3 on plain buckets, by endpoint and by proxy: what an application asks of S3 every day.

usage: newer_buckets.py
"""
import datetime
import io
import os
import ssl
import sys
import urllib.request

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, WaiterError

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from checks import SERVER, check, equal, finish, refused  # noqa: E402

BIG = bytes(range(256)) * (20 * 4096)
KEYS = ["a b", "a+b", "a//b", "/lead", "ü/日本", "100%", "%2F", "a&b=c?d#e", "q'\"<>", "t~*()!$,;:@",
        "trail/", "./x", "a/../b", "\U0001f600", "a\\b", "tab\tnl\n", "e\u0301"]
NAME = ""
TLS = ssl.create_default_context(cafile=os.environ["AWS_CA_BUNDLE"])


def said(what):
    return f"boto3 of PyPI, {NAME}: {what}"


def status_of(call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        return error.response["ResponseMetadata"]["HTTPStatusCode"], error.response["Error"]["Code"]
    return 0, "accepted"


def objects(s3, b):
    for algorithm in ("CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256", "SHA512", "XXHASH64", "XXHASH3",
                      "XXHASH128"):
        put = s3.put_object(Bucket=b, Key="sum", Body=io.BytesIO(b"body"), ChecksumAlgorithm=algorithm)
        got = s3.get_object(Bucket=b, Key="sum", ChecksumMode="ENABLED")
        name = f"Checksum{algorithm}"
        equal(said(f"{algorithm} in a trailer, kept and verified"),
              (got["Body"].read(), got[name], got["ChecksumType"]), (b"body", put[name], "FULL_OBJECT"))
    put = s3.put_object(Bucket=b, Key="k", Body=b"0123456789", Metadata={"who": "me"}, Tagging="a=1&b=%20",
                        ContentType="text/plain", CacheControl="no-cache")
    head = s3.head_object(Bucket=b, Key="k")
    equal(said("HEAD"), (head["ContentLength"], head["Metadata"], head["ETag"], head["CacheControl"]),
          (10, {"who": "me"}, put["ETag"], "no-cache"))
    ranged = s3.get_object(Bucket=b, Key="k", Range="bytes=2-4")
    equal(said("a range"), (ranged["Body"].read(), ranged["ContentRange"]), (b"234", "bytes 2-4/10"))
    equal(said("the last bytes"), s3.get_object(Bucket=b, Key="k", Range="bytes=-3")["Body"].read(), b"789")
    equal(said("a range beyond the end"), status_of(s3.get_object, Bucket=b, Key="k", Range="bytes=10-"),
          (416, "InvalidRange"))
    tags = s3.get_object_tagging(Bucket=b, Key="k")["TagSet"]
    equal(said("tags of a PUT"), tags, [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": " "}])
    s3.put_object_tagging(Bucket=b, Key="k", Tagging={"TagSet": [{"Key": "ü", "Value": "x y"}]})
    equal(said("tags put and got"), s3.get_object_tagging(Bucket=b, Key="k")["TagSet"],
          [{"Key": "ü", "Value": "x y"}])
    s3.delete_object_tagging(Bucket=b, Key="k")
    equal(said("tags deleted"), s3.get_object_tagging(Bucket=b, Key="k")["TagSet"], [])
    copied = s3.copy_object(Bucket=b, Key="copy", CopySource={"Bucket": b, "Key": "k"})
    equal(said("a copy"), copied["CopyObjectResult"]["ETag"], put["ETag"])
    attributes = s3.get_object_attributes(Bucket=b, Key="k", ObjectAttributes=[
        "ETag", "Checksum", "ObjectSize", "StorageClass"])
    equal(said("GetObjectAttributes"), (attributes["ETag"], attributes["ObjectSize"], attributes["Checksum"],
          attributes["StorageClass"]), (put["ETag"].strip('"'), 10,
          {"ChecksumCRC32": put["ChecksumCRC32"], "ChecksumType": "FULL_OBJECT"}, "STANDARD"))
    s3.put_object(Bucket=b, Key="empty", Body=b"")
    s3.put_object(Bucket=b, Key="none")
    equal(said("empty bodies"), [s3.get_object(Bucket=b, Key=k)["Body"].read() for k in ("empty", "none")],
          [b"", b""])


def conditions(s3, b):
    put = s3.put_object(Bucket=b, Key="c", Body=b"1")
    for what, arguments in (("If-None-Match: *", {"IfNoneMatch": "*"}), ("If-Match", {"IfMatch": '"no"'})):
        equal(said(f"PUT {what}"), status_of(s3.put_object, Bucket=b, Key="c", Body=b"2", **arguments),
              (412, "PreconditionFailed"))
    equal(said("GET If-None-Match"), status_of(s3.get_object, Bucket=b, Key="c", IfNoneMatch=put["ETag"]),
          (304, "304"))
    equal(said("DELETE If-Match"), status_of(s3.delete_object, Bucket=b, Key="c", IfMatch='"no"'),
          (412, "PreconditionFailed"))
    equal(said("COPY IfNoneMatch"), status_of(s3.copy_object, Bucket=b, Key="c", IfNoneMatch="*",
                                              CopySource={"Bucket": b, "Key": "c"}, MetadataDirective="REPLACE"),
          (412, "PreconditionFailed"))
    equal(said("PUT If-Match of a missing key"), status_of(s3.put_object, Bucket=b, Key="no", IfMatch='"x"'),
          (404, "NoSuchKey"))


def multipart(s3, b):
    s3.upload_fileobj(io.BytesIO(BIG), b, "big")
    back = io.BytesIO()
    s3.download_fileobj(b, "big", back)
    check(said("20 MiB up and down by the transfer manager"), back.getvalue() == BIG)
    head = s3.head_object(Bucket=b, Key="big", ChecksumMode="ENABLED")
    check(said("of parts, with a checksum"), head["ETag"].endswith('-3"') and "ChecksumType" in head, head)
    part = s3.head_object(Bucket=b, Key="big", PartNumber=3)
    equal(said("HEAD of a part"), (part["PartsCount"], part["ContentLength"]), (3, 4 << 20))
    s3.copy({"Bucket": b, "Key": "big"}, b, "big copy", Config=boto3.s3.transfer.TransferConfig(
        multipart_threshold=5 << 20, multipart_chunksize=8 << 20))
    equal(said("a copy of parts"), s3.get_object(Bucket=b, Key="big copy")["Body"].read() == BIG, True)
    parts = s3.get_object_attributes(Bucket=b, Key="big", ObjectAttributes=["ObjectParts", "Checksum"])
    equal(said("GetObjectAttributes of parts"), parts["ObjectParts"]["TotalPartsCount"], 3)
    for algorithm, kind in (("CRC64NVME", "FULL_OBJECT"), ("SHA256", "COMPOSITE"), ("CRC32C", "FULL_OBJECT"),
                            ("XXHASH128", "COMPOSITE")):
        up = s3.create_multipart_upload(Bucket=b, Key="by hand", ChecksumAlgorithm=algorithm, ChecksumType=kind)
        done = []
        for n in (1, 2):
            answer = s3.upload_part(Bucket=b, Key="by hand", UploadId=up["UploadId"], PartNumber=n,
                                    Body=BIG[:5 << 20], ChecksumAlgorithm=algorithm)
            name = f"Checksum{algorithm}"
            done.append({"PartNumber": n, "ETag": answer["ETag"], name: answer[name]})
        if n == 2 and algorithm == "SHA256":
            pages = s3.get_paginator("list_parts").paginate(
                Bucket=b, Key="by hand", UploadId=up["UploadId"], PaginationConfig={"PageSize": 1})
            equal(said("ListParts, page by page"), [p["PartNumber"] for g in pages for p in g["Parts"]], [1, 2])
        end = s3.complete_multipart_upload(Bucket=b, Key="by hand", UploadId=up["UploadId"],
                                           MultipartUpload={"Parts": done}, ChecksumType=kind)
        equal(said(f"{algorithm} over parts is {kind}"), end["ChecksumType"], kind)
    up = s3.create_multipart_upload(Bucket=b, Key="stray")["UploadId"]
    found = s3.get_paginator("list_multipart_uploads").paginate(Bucket=b, PaginationConfig={"PageSize": 1})
    equal(said("ListMultipartUploads"), [u["UploadId"] for p in found for u in p.get("Uploads", [])], [up])
    s3.abort_multipart_upload(Bucket=b, Key="stray", UploadId=up)
    refused(said("an aborted upload"), "NoSuchUpload", "", s3.list_parts, Bucket=b, Key="stray", UploadId=up)


def keys(s3, b):
    for key in KEYS:
        s3.put_object(Bucket=b, Key="keys/" + key, Body=key.encode())
    got = []
    for page in s3.get_paginator("list_objects_v2").paginate(
            Bucket=b, Prefix="keys/", PaginationConfig={"PageSize": 4}):
        got += [o["Key"][5:] for o in page["Contents"]]
    equal(said("unusual keys, listed in byte order"), got, sorted(KEYS, key=lambda k: k.encode()))
    wrong = [k for k in KEYS if s3.get_object(Bucket=b, Key="keys/" + k)["Body"].read() != k.encode()]
    equal(said("unusual keys, got"), wrong, [])
    for key in KEYS:
        s3.copy_object(Bucket=b, Key="copies/" + key, CopySource={"Bucket": b, "Key": "keys/" + key})
    wrong = [k for k in KEYS if s3.get_object(Bucket=b, Key="copies/" + k)["Body"].read() != k.encode()]
    equal(said("unusual keys, copied"), wrong, [])
    wrong = []
    for key in KEYS:
        url = s3.generate_presigned_url("get_object", Params={"Bucket": b, "Key": "keys/" + key})
        with urllib.request.urlopen(url, context=TLS) as answer:
            wrong += [] if answer.read() == key.encode() else [key]
    equal(said("unusual keys, presigned"), wrong, [])
    answer = s3.delete_objects(Bucket=b, Delete={"Objects": [
        {"Key": p + k} for k in KEYS for p in ("keys/", "copies/")]})
    equal(said("unusual keys, by DeleteObjects"), (len(answer["Deleted"]), answer.get("Errors")),
          (2 * len(KEYS), None))
    equal(said("and they are gone"), "Contents" in s3.list_objects_v2(Bucket=b, Prefix="keys/"), False)
    for n in range(7):
        s3.put_object(Bucket=b, Key=f"dir {n % 3}/{n}", Body=b"")
    prefixes = [p["Prefix"] for page in s3.get_paginator("list_objects_v2").paginate(
        Bucket=b, Prefix="dir", Delimiter="/", PaginationConfig={"PageSize": 1}) for p in page["CommonPrefixes"]]
    equal(said("common prefixes, page by page"), prefixes, ["dir 0/", "dir 1/", "dir 2/"])
    first = [o["Key"] for page in s3.get_paginator("list_objects").paginate(
        Bucket=b, Prefix="dir", PaginationConfig={"PageSize": 2}) for o in page["Contents"]]
    equal(said("ListObjects, page by page"), len(first), 7)


def presigned(s3, b):
    for version in ("s3v4", "s3"):
        signer = boto3.client("s3", endpoint_url=s3.meta.endpoint_url if NAME == "endpoint" else None,
                              config=Config(signature_version=version))
        url = signer.generate_presigned_url("put_object", Params={"Bucket": b, "Key": "pre signed"})
        with urllib.request.urlopen(urllib.request.Request(
                url, method="PUT", data=b"by url", headers={"Content-Type": ""}), context=TLS) as answer:
            equal(said(f"presigned PUT ({version})"), answer.status, 200)
        url = signer.generate_presigned_url("get_object", Params={
            "Bucket": b, "Key": "pre signed", "ResponseContentType": "text/x-mine"})
        with urllib.request.urlopen(url, context=TLS) as answer:
            equal(said(f"presigned GET ({version})"), (answer.read(), answer.headers["Content-Type"]),
                  (b"by url", "text/x-mine"))


def versions(s3, b):
    s3.put_bucket_versioning(Bucket=b, VersioningConfiguration={"Status": "Enabled"})
    ids = [s3.put_object(Bucket=b, Key="v", Body=bytes([n]))["VersionId"] for n in range(3)]
    marker = s3.delete_object(Bucket=b, Key="v")
    check(said("a delete leaves a marker"), marker["DeleteMarker"], marker)
    refused(said("the key is gone"), "NoSuchKey", "", s3.get_object, Bucket=b, Key="v")
    equal(said("an older version"), s3.get_object(Bucket=b, Key="v", VersionId=ids[1])["Body"].read(), b"\1")
    equal(said("GET of the marker"), status_of(s3.get_object, Bucket=b, Key="v", VersionId=marker["VersionId"]),
          (405, "MethodNotAllowed"))
    s3.delete_object(Bucket=b, Key="v", VersionId=marker["VersionId"])
    equal(said("the marker deleted"), s3.get_object(Bucket=b, Key="v")["VersionId"], ids[2])
    s3.delete_object(Bucket=b, Key="v", VersionId=ids[2])
    pages = s3.get_paginator("list_object_versions").paginate(
        Bucket=b, Prefix="v", PaginationConfig={"PageSize": 1})
    equal(said("versions, page by page"), [v["VersionId"] for p in pages for v in p["Versions"]], ids[1::-1])
    equal(said("NoSuchVersion"), status_of(s3.get_object, Bucket=b, Key="v", VersionId=ids[2]),
          (404, "NoSuchVersion"))


def errors(s3, b):
    for error, call, arguments in (
            (s3.exceptions.NoSuchKey, s3.get_object, {"Bucket": b, "Key": "missing"}),
            (s3.exceptions.NoSuchBucket, s3.list_objects_v2, {"Bucket": b + "-no"}),
            (s3.exceptions.BucketAlreadyOwnedByYou, boto3.client(
                "s3", region_name="eu-west-1", endpoint_url=s3.meta.endpoint_url if NAME == "endpoint" else None)
             .create_bucket, {"Bucket": b + "-eu",
                              "CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}}),
            (s3.exceptions.NoSuchUpload, s3.abort_multipart_upload, {
                "Bucket": b, "Key": "k", "UploadId": "nobody"})):
        try:
            call(**arguments)
            check(said(error.__name__), False, "accepted")
        except error as caught:
            check(said(f"the class {error.__name__}"), caught.response["ResponseMetadata"]["RequestId"])
        except ClientError as caught:
            check(said(f"the class {error.__name__}"), False, caught.response)
    equal(said("HEAD of a missing key"), status_of(s3.head_object, Bucket=b, Key="missing"), (404, "404"))
    equal(said("HEAD of a missing bucket"), status_of(s3.head_bucket, Bucket=b + "-no"), (404, "404"))
    refused(said("a bucket that is not empty"), "BucketNotEmpty", "", s3.delete_bucket, Bucket=b)


def waiters(s3, b):
    now = {"WaiterConfig": {"MaxAttempts": 1}}
    s3.get_waiter("bucket_exists").wait(Bucket=b, **now)
    s3.get_waiter("object_exists").wait(Bucket=b, Key="k", **now)
    s3.get_waiter("object_not_exists").wait(Bucket=b, Key="missing", **now)
    s3.get_waiter("bucket_not_exists").wait(Bucket=b + "-no", **now)
    check(said("waiters see what is there and what is not"), True)
    try:
        s3.get_waiter("object_exists").wait(Bucket=b, Key="missing", **now)
        check(said("a waiter gives up"), False)
    except WaiterError as error:
        equal(said("a waiter gives up"), error.last_response["ResponseMetadata"]["HTTPStatusCode"], 404)


def regions(b, endpoint):
    eu = boto3.client("s3", region_name="eu-west-1", endpoint_url=endpoint)
    us = boto3.client("s3", region_name="us-east-1", endpoint_url=endpoint)
    eu.create_bucket(Bucket=b + "-eu", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    eu.put_object(Bucket=b + "-eu", Key="k", Body=b"eu")
    equal(said("GetBucketLocation"), us.get_bucket_location(Bucket=b + "-eu")["LocationConstraint"], "eu-west-1")
    equal(said("HeadBucket says the Region"), us.head_bucket(Bucket=b + "-eu")["BucketRegion"], "eu-west-1")
    equal(said("another Region's bucket, by redirect"), us.get_object(Bucket=b + "-eu", Key="k")["Body"].read(),
          b"eu")
    us.upload_fileobj(io.BytesIO(BIG), b + "-eu", "big")
    equal(said("and a multipart upload"), us.head_object(Bucket=b + "-eu", Key="big")["ContentLength"], len(BIG))
    west = boto3.client("s3", region_name="ap-southeast-1", endpoint_url=endpoint)
    equal(said("from any Region"), west.list_objects_v2(Bucket=b)["KeyCount"] > 0, True)
    found = [x for p in us.get_paginator("list_buckets").paginate(
        Prefix=b, BucketRegion="eu-west-1", PaginationConfig={"PageSize": 1}) for x in p["Buckets"]]
    equal(said("ListBuckets of a Region"), [x["Name"] for x in found], [b + "-eu"])


def roles(b, endpoint):
    sts = boto3.client("sts", endpoint_url=endpoint)
    iam = boto3.client("iam", endpoint_url=endpoint)
    if NAME == "endpoint":
        iam.create_role(RoleName="reader", AssumeRolePolicyDocument='{"Version":"2012-10-17","Statement":'
                        '[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}')
        iam.put_role_policy(RoleName="reader", PolicyName="read", PolicyDocument='{"Version":"2012-10-17",'
                            '"Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}')
    given = sts.assume_role(RoleArn="arn:aws:iam::123456789012:role/reader", RoleSessionName="session",
                            DurationSeconds=900)["Credentials"]
    check(said("the credentials have an end"), isinstance(given["Expiration"], datetime.datetime))
    session = boto3.Session(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
    equal(said("GetCallerIdentity of the session"), session.client("sts", endpoint_url=endpoint)
          .get_caller_identity()["Arn"], "arn:aws:sts::123456789012:assumed-role/reader/session")
    s3 = session.client("s3", endpoint_url=endpoint)
    s3.put_object(Bucket=b, Key="by role", Body=b"r")
    url = s3.generate_presigned_url("get_object", Params={"Bucket": b, "Key": "by role"})
    with urllib.request.urlopen(url, context=TLS) as answer:
        equal(said("a session's presigned URL"), answer.read(), b"r")


def clear(b, endpoint):
    s3 = boto3.resource("s3", endpoint_url=endpoint)
    for name in (b, b + "-eu"):
        s3.Bucket(name).object_versions.delete()
        s3.Bucket(name).delete()
    s3.meta.client.get_waiter("bucket_not_exists").wait(Bucket=b, WaiterConfig={"MaxAttempts": 1})
    check(said("buckets emptied and deleted by the resource"), True)


def main():
    global NAME
    for NAME, endpoint in (("endpoint", SERVER), ("proxy", None)):
        b = f"daily-{NAME}"
        s3 = boto3.client("s3", endpoint_url=endpoint)
        s3.create_bucket(Bucket=b)
        for part in (objects, conditions, multipart, keys, presigned):
            part(s3, b)
        regions(b, endpoint)
        for part in (errors, waiters, versions):
            part(s3, b)
        roles(b, endpoint)
        clear(b, endpoint)
    finish()


main()
