"""A current boto3 and S3 Control: a Multi-Region Access Point from nothing to nothing, its policy and
dials, multipart and presigned requests through it, and Regional access points.

usage: newer_control.py
"""
import io
import json
import os
import ssl
import sys
import urllib.error
import urllib.request

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from checks import ACCOUNT, atoll, check, equal, finish, refused  # noqa: E402

MINE = {"us-east-1": "control-us", "eu-west-1": "control-eu"}
BIG = bytes(range(256)) * (20 * 4096)
TLS = ssl.create_default_context(cafile=os.environ["AWS_CA_BUNDLE"])


def said(what):
    return f"boto3 of PyPI, control: {what}"


def control(region="us-west-2"):
    return boto3.client("s3control", region_name=region)


def make_buckets():
    for region, name in MINE.items():
        s3 = boto3.client("s3", region_name=region)
        where = {} if region == "us-east-1" else {
            "CreateBucketConfiguration": {"LocationConstraint": region}}
        s3.create_bucket(Bucket=name, **where)
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})


def through(call, **details):
    """One asynchronous request, followed to its end; its last description."""
    token = call(AccountId=ACCOUNT, Details=details)["RequestTokenARN"]
    first = control().describe_multi_region_access_point_operation(
        AccountId=ACCOUNT, RequestTokenARN=token)["AsyncOperation"]
    atoll("clock", "advance", "24h")
    last = control().describe_multi_region_access_point_operation(
        AccountId=ACCOUNT, RequestTokenARN=token)["AsyncOperation"]
    equal(said(f"{first['Operation']} ends well"), (last["RequestTokenARN"], last["RequestStatus"]),
          (token, "SUCCEEDED"))
    return last


def life():
    c = control()
    last = through(c.create_multi_region_access_point, Name="life",
                   Regions=[{"Bucket": name} for name in MINE.values()])
    check(said("and says so for each Region"), len(last["ResponseDetails"]
          ["MultiRegionAccessPointDetails"]["Regions"]) == 2, last)
    got = c.get_multi_region_access_point(AccountId=ACCOUNT, Name="life")["AccessPoint"]
    equal(said("GetMultiRegionAccessPoint"), (got["Status"], {r["Region"]: r["Bucket"] for r in got["Regions"]},
          got["PublicAccessBlock"]["BlockPublicAcls"]), ("READY", MINE, True))
    pages = c.get_paginator("list_multi_region_access_points").paginate(
        AccountId=ACCOUNT, PaginationConfig={"PageSize": 1}) if c.can_paginate(
            "list_multi_region_access_points") else [c.list_multi_region_access_points(AccountId=ACCOUNT)]
    equal(said("listed, page by page"), sorted(a["Name"] for p in pages for a in p["AccessPoints"]),
          ["life", "my-global-access-point"])
    return f"arn:aws:s3::{ACCOUNT}:accesspoint/{got['Alias']}"


def dials(arn):
    c = control("us-east-1")
    routes = c.get_multi_region_access_point_routes(AccountId=ACCOUNT, Mrap=arn)["Routes"]
    equal(said("dials start at 100"), {r["Region"]: r["TrafficDialPercentage"] for r in routes},
          {"us-east-1": 100, "eu-west-1": 100})
    c.submit_multi_region_access_point_routes(AccountId=ACCOUNT, Mrap=arn, RouteUpdates=[
        {"Bucket": MINE["us-east-1"], "TrafficDialPercentage": 0}, {"Region": "eu-west-1", "TrafficDialPercentage": 100}])
    routes = c.get_multi_region_access_point_routes(AccountId=ACCOUNT, Mrap=arn)["Routes"]
    equal(said("dials turned"), {r["Region"]: r["TrafficDialPercentage"] for r in routes},
          {"us-east-1": 0, "eu-west-1": 100})
    refused(said("both dials at 0"), "InvalidRequest", "", c.submit_multi_region_access_point_routes,
            AccountId=ACCOUNT, Mrap=arn, RouteUpdates=[
                {"Bucket": MINE["eu-west-1"], "TrafficDialPercentage": 0}])


def policy(arn):
    c = control()
    document = json.dumps({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "s3:GetObject",
        "Resource": f"{arn}/object/*"}]})
    through(c.put_multi_region_access_point_policy, Name="life", Policy=document)
    got = c.get_multi_region_access_point_policy(AccountId=ACCOUNT, Name="life")["Policy"]
    equal(said("the policy is established"), json.loads(got["Established"]["Policy"]), json.loads(document))
    equal(said("and not public"), c.get_multi_region_access_point_policy_status(
        AccountId=ACCOUNT, Name="life")["Established"]["IsPublic"], False)


def objects(arn):
    s3 = boto3.client("s3")
    s3.upload_fileobj(io.BytesIO(BIG), arn, "ü big+file")
    equal(said("20 MiB through the ARN, up"), boto3.client("s3", region_name="eu-west-1").head_object(
        Bucket=MINE["eu-west-1"], Key="ü big+file")["ContentLength"], len(BIG))
    back = io.BytesIO()
    s3.download_fileobj(arn, "ü big+file", back)
    check(said("and down"), back.getvalue() == BIG)
    for key in ("a b", "a+b", "a//b", "/lead", "%2F", "100%", "./x", "a/../b", "t~*()!$,;:@", "\U0001f600"):
        url = s3.generate_presigned_url("put_object", Params={"Bucket": arn, "Key": key})
        with urllib.request.urlopen(urllib.request.Request(
                url, method="PUT", data=key.encode(), headers={"Content-Type": ""}), context=TLS):
            pass
        url = s3.generate_presigned_url("get_object", Params={"Bucket": arn, "Key": key})
        with urllib.request.urlopen(url, context=TLS) as answer:
            got = answer.read()
        direct = s3.get_object(Bucket=arn, Key=key, Range="bytes=0-")
        check(said(f"presigned PUT and GET of {key!r}"), got == key.encode() == direct["Body"].read())
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=arn, PaginationConfig={"PageSize": 3})
    equal(said("listed, page by page"), sum(len(p["Contents"]) for p in pages), 11)
    put = s3.put_object(Bucket=arn, Key="tagged", Body=b"t", Tagging="a=1")
    equal(said("tags"), s3.get_object_tagging(Bucket=arn, Key="tagged")["TagSet"], [{"Key": "a", "Value": "1"}])
    refused(said("attributes, which AWS does not offer through one"), "MethodNotAllowed", "",
            s3.get_object_attributes, Bucket=arn, Key="tagged", ObjectAttributes=["ObjectSize"])
    refused(said("a PUT that must be the first"), "PreconditionFailed", "", s3.put_object, Bucket=arn,
            Key="tagged", Body=b"", IfNoneMatch="*")
    s3.get_waiter("object_exists").wait(Bucket=arn, Key="tagged", WaiterConfig={"MaxAttempts": 1})
    marker = s3.delete_object(Bucket=arn, Key="tagged")
    check(said("a delete leaves a marker"), marker["DeleteMarker"], marker)
    s3.get_waiter("object_not_exists").wait(Bucket=arn, Key="tagged", WaiterConfig={"MaxAttempts": 1})
    equal(said("an older version"), s3.get_object(
        Bucket=arn, Key="tagged", VersionId=put["VersionId"])["Body"].read(), b"t")
    try:
        s3.get_object(Bucket=arn, Key="tagged")
    except s3.exceptions.NoSuchKey as error:
        check(said("the class NoSuchKey"), error)
    stray = "arn:aws:s3::123456789012:accesspoint/mnobodyabcdef.mrap"
    try:
        s3.get_object(Bucket=stray, Key="k")
    except ClientError as error:
        equal(said("an access point that is not there"), error.response["Error"]["Code"],
              "NoSuchMultiRegionAccessPoint")


def regional():
    c = control("eu-west-1")
    made = c.create_access_point(AccountId=ACCOUNT, Name="docs", Bucket=MINE["eu-west-1"])
    check(said("a Regional access point has an alias"), made["Alias"].endswith("-s3alias"), made)
    got = c.get_access_point(AccountId=ACCOUNT, Name="docs")
    equal(said("GetAccessPoint"), (got["Bucket"], got["NetworkOrigin"], got["Alias"]),
          (MINE["eu-west-1"], "Internet", made["Alias"]))
    for n in range(2):
        c.create_access_point(AccountId=ACCOUNT, Name=f"docs-{n}", Bucket=MINE["eu-west-1"])
    pages = c.get_paginator("list_access_points").paginate(AccountId=ACCOUNT, PaginationConfig={"PageSize": 1}) \
        if c.can_paginate("list_access_points") else [c.list_access_points(AccountId=ACCOUNT)]
    equal(said("access points, page by page"), [a["Name"] for p in pages for a in p["AccessPointList"]],
          ["docs", "docs-0", "docs-1"])
    s3 = boto3.client("s3", region_name="us-east-1", config=Config(
        s3={"use_arn_region": True}, signature_version="s3v4"))
    url = boto3.client("s3", region_name="eu-west-1", config=Config(signature_version="s3")).generate_presigned_url(
        "get_object", Params={"Bucket": made["AccessPointArn"], "Key": "k"})
    try:
        urllib.request.urlopen(url, context=TLS)
        check(said("presigned with Version 2"), False, "accepted")
    except urllib.error.HTTPError as error:
        check(said("presigned with Version 2, which an access point refuses"),
              error.code == 400 and b"Please use AWS4-HMAC-SHA256" in error.read())
    for bucket in (made["AccessPointArn"], made["Alias"]):
        here = s3 if bucket.startswith("arn") else boto3.client("s3", region_name="eu-west-1")
        here.put_object(Bucket=bucket, Key="regional ü+", Body=b"r")
        here.upload_fileobj(io.BytesIO(BIG), bucket, "regional big")
        equal(said("by ARN and by alias"), here.get_object(Bucket=bucket, Key="regional ü+")["Body"].read(), b"r")
        url = here.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "regional ü+"})
        with urllib.request.urlopen(url, context=TLS) as answer:
            equal(said("presigned"), answer.read(), b"r")
        equal(said("listed"), here.list_objects_v2(Bucket=bucket, Prefix="regional")["KeyCount"], 2)
        equal(said("deleted, many at once"), len(here.delete_objects(Bucket=bucket, Delete={"Objects": [
            {"Key": "regional ü+"}, {"Key": "regional big"}]})["Deleted"]), 2)
    document = json.dumps({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "s3:GetObject",
        "Resource": f"{made['AccessPointArn']}/object/*"}]})
    c.put_access_point_policy(AccountId=ACCOUNT, Name="docs", Policy=document)
    equal(said("its policy"), json.loads(c.get_access_point_policy(AccountId=ACCOUNT, Name="docs")["Policy"]),
          json.loads(document))
    c.delete_access_point_policy(AccountId=ACCOUNT, Name="docs")
    refused(said("without a policy"), "NoSuchAccessPointPolicy", "", c.get_access_point_policy,
            AccountId=ACCOUNT, Name="docs")
    for name in ("docs", "docs-0", "docs-1"):
        c.delete_access_point(AccountId=ACCOUNT, Name=name)
    refused(said("a deleted one"), "NoSuchAccessPoint", "", c.get_access_point, AccountId=ACCOUNT, Name="docs")


def main():
    make_buckets()
    arn = life()
    dials(arn)
    policy(arn)
    objects(arn)
    regional()
    through(control().delete_multi_region_access_point, Name="life")
    refused(said("a deleted one of many Regions"), "NoSuchMultiRegionAccessPoint", "",
            control().get_multi_region_access_point, AccountId=ACCOUNT, Name="life")
    finish()


main()
