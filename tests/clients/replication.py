"""Steps 4 and 9: the article's rule as it was stored, all six pairs, and what AWS refuses.

The article's buckets and rule exist already.
"""
import json
import os

from checks import check, client, equal, finish, header, refused

HERE = os.path.dirname(os.path.abspath(__file__))
BUCKETS = {region: f"my-app-data-{region}" for region in ("us-east-1", "eu-west-1", "ap-southeast-1")}


def rule(destination, name="r"):
    return {"ID": name, "Status": "Enabled", "Filter": {"Prefix": ""},
            "Destination": {"Bucket": f"arn:aws:s3:::{destination}"},
            "DeleteMarkerReplication": {"Status": "Enabled"}}


def configuration(*rules):
    return {"Role": "arn:aws:iam::123456789012:role/s3-replication-role", "Rules": list(rules)}


def article_rule(s3):
    with open(os.path.join(HERE, "replication-config.json"), encoding="utf-8") as file:
        sent = json.load(file)
    got = s3.get_bucket_replication(Bucket=BUCKETS["us-east-1"])["ReplicationConfiguration"]
    equal("step 4: Get returns the article's rule as it was sent", got, sent)


def six_rules(s3):
    for bucket in BUCKETS.values():
        others = [b for b in BUCKETS.values() if b != bucket]
        sent = configuration(*(rule(b, f"to-{b}") for b in others))
        answer = s3.put_bucket_replication(Bucket=bucket, ReplicationConfiguration=sent)
        equal(f"step 4: two rules without Priority on {bucket} are marked",
              header(answer, "x-atoll-nonstandard"), "rule-without-priority, undeclared-role")
        got = s3.get_bucket_replication(Bucket=bucket)["ReplicationConfiguration"]
        equal(f"step 4: Get of {bucket} returns what was sent", got, sent)
    full = configuration(*(dict(rule(b, f"to-{b}"), Priority=i + 1)
                           for i, b in enumerate([BUCKETS["eu-west-1"],
                                                  BUCKETS["ap-southeast-1"]])))
    answer = s3.put_bucket_replication(Bucket=BUCKETS["us-east-1"], ReplicationConfiguration=full)
    equal("step 4: rules with Priority are marked for their role alone",
          header(answer, "x-atoll-nonstandard"), "undeclared-role")


def before_versioning(s3):
    for name in ("pitfall-source", "pitfall-destination"):
        s3.create_bucket(Bucket=name)
    put = {"Bucket": "pitfall-source",
           "ReplicationConfiguration": configuration(dict(rule("pitfall-destination"), Priority=1))}
    enabled = {"Status": "Enabled"}
    refused("step 9: a source without versioning", "InvalidRequest",
            "Versioning must be 'Enabled' on the bucket to apply a replication configuration",
            s3.put_bucket_replication, **put)
    s3.put_bucket_versioning(Bucket="pitfall-source", VersioningConfiguration=enabled)
    refused("step 9: a destination without versioning", "InvalidRequest",
            "Destination bucket must have versioning enabled.", s3.put_bucket_replication, **put)
    s3.put_bucket_versioning(Bucket="pitfall-destination", VersioningConfiguration=enabled)
    answer = s3.put_bucket_replication(**put)
    equal("step 9: both versioned, it is accepted", answer["ResponseMetadata"]["HTTPStatusCode"], 200)


def unsupported_region(control):
    thai = client("s3", region="ap-southeast-7")
    thai.create_bucket(Bucket="my-app-data-ap-southeast-7",
                       CreateBucketConfiguration={"LocationConstraint": "ap-southeast-7"})
    token = control.create_multi_region_access_point(
        AccountId="123456789012",
        Details={"Name": "thai", "Regions": [{"Bucket": BUCKETS["us-east-1"]},
                                             {"Bucket": "my-app-data-ap-southeast-7"}]})
    operation = control.describe_multi_region_access_point_operation(
        AccountId="123456789012", RequestTokenARN=token["RequestTokenARN"])["AsyncOperation"]
    equal("step 9: an MRAP with ap-southeast-7 ends FAILED", operation["RequestStatus"], "FAILED")
    equal("step 9: and says why", operation["ResponseDetails"]["ErrorDetails"]["Code"],
          "MultiRegionAccessPointUnsupportedRegion")


def main():
    s3 = client("s3")
    article_rule(s3)
    six_rules(s3)
    before_versioning(s3)
    unsupported_region(client("s3control", region="us-west-2"))
    finish()


main()
