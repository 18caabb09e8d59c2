"""--strict: what the article does and AWS refuses, in AWS's words."""
import os

from checks import ACCOUNT, client, equal, finish, refused

REGIONS = ("us-east-1", "eu-west-1", "ap-southeast-1")
DETAILS = {"Name": "my-global-access-point",
           "Regions": [{"Bucket": f"my-app-data-{region}"} for region in REGIONS]}


def buckets(s3):
    for region in REGIONS:
        where = {} if region == "us-east-1" else {
            "CreateBucketConfiguration": {"LocationConstraint": region}}
        client("s3", region=region).create_bucket(Bucket=f"my-app-data-{region}", **where)
        s3.put_bucket_versioning(Bucket=f"my-app-data-{region}",
                                 VersioningConfiguration={"Status": "Enabled"})


def rules(s3):
    rule = {"ID": "replicate-to-all-regions", "Status": "Enabled", "Filter": {"Prefix": ""},
            "Destination": {"Bucket": "arn:aws:s3:::my-app-data-eu-west-1"},
            "DeleteMarkerReplication": {"Status": "Enabled"}}
    put = {"Bucket": "my-app-data-us-east-1", "ReplicationConfiguration": {
        "Role": "arn:aws:iam::123456789012:role/s3-replication-role", "Rules": [rule]}}
    refused("strict: the article's rule without Priority", "InvalidRequest",
            "Priority must be specified for this version of Cross Region Replication configuration "
            "schema. Please refer to S3 Developer Guide for more information.",
            s3.put_bucket_replication, **put)
    rule["Priority"] = 1
    answer = s3.put_bucket_replication(**put)
    equal("strict: with Priority it is accepted", answer["ResponseMetadata"]["HTTPStatusCode"], 200)


def access_point():
    east, west = client("s3control"), client("s3control", region="us-west-2")
    refused("strict: create outside us-west-2", "PermanentRedirect",
            "This API operation is only available in the following Regions: us-west-2",
            east.create_multi_region_access_point, AccountId=ACCOUNT, Details=DETAILS)
    west.create_multi_region_access_point(AccountId=ACCOUNT, Details=DETAILS)
    point = west.get_multi_region_access_point(AccountId=ACCOUNT, Name=DETAILS["Name"])
    return point["AccessPoint"]["Alias"]


def routes(alias):
    east = client("s3control")
    updates = [{"Bucket": "my-app-data-us-east-1", "Region": "us-east-1",
                "TrafficDialPercentage": 70},
               {"Bucket": "my-app-data-eu-west-1", "Region": "eu-west-1",
                "TrafficDialPercentage": 30}]
    submit = {"AccountId": ACCOUNT, "Mrap": f"arn:aws:s3::{ACCOUNT}:accesspoint/{alias}",
              "RouteUpdates": updates}
    refused("strict: dials of 70 and 30", "InvalidRequest", "100",
            east.submit_multi_region_access_point_routes, **submit)
    updates[0]["TrafficDialPercentage"], updates[1]["TrafficDialPercentage"] = 100, 0
    answer = east.submit_multi_region_access_point_routes(**submit)
    equal("strict: dials of 100 and 0 are accepted", answer["ResponseMetadata"]["HTTPStatusCode"],
          200)


def names(s3, alias):
    by_alias = {"Bucket": f"arn:aws:s3::{ACCOUNT}:accesspoint/{alias}", "Key": "k"}
    by_name = dict(by_alias, Bucket=f"arn:aws:s3::{ACCOUNT}:accesspoint/my-global-access-point.mrap")
    refused("strict: an ARN with the friendly name", "NoSuchMultiRegionAccessPoint", "",
            s3.put_object, Body=b"x", **by_name)
    s3.put_object(Body=b"x", **by_alias)
    equal("strict: an ARN with the alias", s3.get_object(**by_alias)["Body"].read(), b"x")


def signatures(alias):
    arn = {"Bucket": f"arn:aws:s3::{ACCOUNT}:accesspoint/{alias}", "Key": "k"}
    key = os.environ["AWS_ACCESS_KEY_ID"]
    refused("strict: SigV4A with a wrong secret", "SignatureDoesNotMatch", "",
            client("s3", key=key, secret="wrong").get_object, **arn)
    refused("strict: a key that nobody has", "InvalidAccessKeyId", "",
            client("s3", key="AKIANOBODY").get_object, **arn)


def main():
    s3 = client("s3")
    buckets(s3)
    rules(s3)
    alias = access_point()
    routes(alias)
    names(s3, alias)
    signatures(alias)
    finish()


main()
