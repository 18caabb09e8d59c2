"""CloudWatch with a current boto3, which no longer speaks the query protocol: once with the protocol
that it chooses (JSON), once held to RPC v2 CBOR, which the other current SDKs use.

usage: newer_cloudwatch.py FILE ARN
"""
import datetime
import os
import sys

import boto3
import botocore.model

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from checks import atoll, check, equal, finish, refused  # noqa: E402

ARN = sys.argv[2]
US, EU = "my-app-data-us-east-1", "my-app-data-eu-west-1"
SPAN = {"StartTime": datetime.datetime.fromtimestamp(0, datetime.timezone.utc),
        "EndTime": datetime.datetime(2038, 1, 1, tzinfo=datetime.timezone.utc)}


def person(name):
    return boto3.client("s3", aws_access_key_id=name, aws_secret_access_key=name)


def dimensions(**values):
    return [{"Name": name, "Value": value} for name, value in values.items()]


def query(name, identity, found):
    return {"Id": identity, "MetricStat": {"Period": 60, "Stat": "Maximum", "Metric": {
        "Namespace": "AWS/S3", "MetricName": name, "Dimensions": found}}}


def look(protocol):
    eu = boto3.client("cloudwatch", region_name="eu-west-1")
    spoken = []
    eu.meta.events.register("before-send.*", lambda request, **_: spoken.append(request.headers["Content-Type"]))
    gets = {"Namespace": "AWS/S3", "MetricName": "GetRequests", "Period": 864000, **SPAN,
            "Dimensions": dimensions(BucketName=EU, FilterId="EntireBucket")}
    gets["StartTime"] = SPAN["EndTime"] - datetime.timedelta(days=5000)
    found = eu.get_metric_statistics(Statistics=["Sum"], **gets)["Datapoints"]
    equal(f"{protocol}: 10 GETs from paris", [point["Sum"] for point in found], [10])
    check(f"{protocol}: a time is a time", isinstance(found[0]["Timestamp"], datetime.datetime))
    check(f"{protocol}: it is what was spoken", protocol in spoken[0].decode() if isinstance(spoken[0], bytes)
          else protocol in spoken[0], spoken)
    found = boto3.client("cloudwatch", region_name="us-east-1").get_metric_statistics(
        Statistics=["Sum"], **gets | {"Dimensions": dimensions(BucketName=US, FilterId="EntireBucket")})
    equal(f"{protocol}: and 5 from new-york", [point["Sum"] for point in found["Datapoints"]], [5])
    link = [metric["Dimensions"] for metric in eu.list_metrics(MetricName="ReplicationLatency")["Metrics"]]
    answer = eu.get_metric_data(MetricDataQueries=[
        query("ReplicationLatency", "lag", link[0]), {"Id": "minutes", "Expression": "lag / 60"}], **SPAN)
    equal(f"{protocol}: ReplicationLatency is 15, and expressions work",
          [(r["Id"], r["Values"], r["StatusCode"]) for r in answer["MetricDataResults"]],
          [("lag", [15], "Complete"), ("minutes", [0.25], "Complete")])
    refused(f"{protocol}: a refusal has CloudWatch's code", "InvalidParameterCombination", "datapoints",
            eu.get_metric_statistics, Statistics=["Sum"], **gets | {"Period": 60})
    try:
        eu.get_metric_statistics(**gets)
    except eu.exceptions.MissingRequiredParameterException as error:
        equal(f"{protocol}: and its class", error.response["ResponseMetadata"]["HTTPStatusCode"], 400)


def main():
    person("bob").put_object(Bucket=ARN, Key="cart.json", Body=b"v1")
    atoll("clock", "advance", "15s")
    for name, times in (("alice", 10), ("bob", 5)):
        s3 = person(name)
        for _ in range(times):
            s3.get_object(Bucket=ARN, Key="cart.json")["Body"].read()
    look("json")
    botocore.model.PRIORITY_ORDERED_SUPPORTED_PROTOCOLS = ("smithy-rpc-v2-cbor",)
    look("cbor")
    finish()


main()
