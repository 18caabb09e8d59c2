"""The article's program and more with a current boto3, through an access point.

usage: newer_boto3.py FILE ARN
"""
import io
import os
import ssl
import sys
import urllib.request

import boto3

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from checks import check, equal, finish, refused  # noqa: E402

ARN = sys.argv[2]


def bytes_of(s3, key):
    return s3.get_object(Bucket=ARN, Key=key)["Body"].read()


def presigned(s3, want):
    """SigV4A in the query; fetched the way curl or a browser would, through the proxy."""
    url = s3.generate_presigned_url("get_object", Params={"Bucket": ARN, "Key": "new/file"})
    context = ssl.create_default_context(cafile=os.environ["AWS_CA_BUNDLE"])
    with urllib.request.urlopen(url, context=context) as answer:
        return check("boto3 of PyPI: a presigned URL (SigV4A)",
                     "ECDSA" in url and answer.read() == want, url)


def main():
    s3 = boto3.client("s3")
    with open(sys.argv[1], "rb") as file:
        want = file.read()
    put = s3.put_object(Bucket=ARN, Key="new/file", Body=want)
    check("boto3 of PyPI: a PUT answers with the checksum it sent", "ChecksumCRC32" in put, put)
    equal("boto3 of PyPI: and GET gives back the same bytes", bytes_of(s3, "new/file") == want, True)
    s3.put_object(Bucket=ARN, Key="new/empty", Body=b"")
    equal("boto3 of PyPI: an empty body", bytes_of(s3, "new/empty"), b"")
    big = want * 80
    s3.upload_fileobj(io.BytesIO(big), ARN, "new/big")
    equal("boto3 of PyPI: a multipart upload", bytes_of(s3, "new/big") == big, True)
    presigned(s3, want)
    refused("boto3 of PyPI: DeleteObjects, which AWS does not offer through an access point",
            "MethodNotAllowed", "", s3.delete_objects, Bucket=ARN,
            Delete={"Objects": [{"Key": "new/empty"}]})
    s3.delete_object(Bucket=ARN, Key="new/empty")
    equal("boto3 of PyPI: list after a delete",
          [o["Key"] for o in s3.list_objects_v2(Bucket=ARN, Prefix="new/")["Contents"]],
          ["new/big", "new/file"])
    finish()


main()
