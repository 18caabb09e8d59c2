"""The article's monitoring: CloudWatch's metrics of S3, asked with the AWS CLI.

The clock stands still but for `atoll clock advance`: a minute's metrics are exact.
"""
import datetime
import json
import os
import re
import subprocess
import urllib.request

from checks import atoll, check, client, equal, finish, header, refused

ARN = "arn:aws:s3::123456789012:accesspoint/mfzwi23gnjvgw.mrap"
US, EU = "my-app-data-us-east-1", "my-app-data-eu-west-1"
DAY = ["--start-time", "2026-01-02T00:00:00Z", "--end-time", "2026-01-03T00:00:00Z"]


def aws(region, *words):
    done = subprocess.run(["/usr/bin/aws", "cloudwatch", "--region", region, "--output", "json",
                           *words], capture_output=True, text=True, check=False)
    check(f"aws cloudwatch {words[0]} in {region} ends with 0", done.returncode == 0, done.stderr)
    return json.loads(done.stdout or "{}")


def points(region, metric, statistic, dimensions, *more, period=86400):
    """The values of one metric, oldest first."""
    answer = aws(region, "get-metric-statistics", "--namespace", "AWS/S3", "--metric-name", metric,
                 "--statistics", statistic, "--period", str(period), *DAY, "--dimensions",
                 *[f"Name={name},Value={value}" for name, value in dimensions.items()], *more)
    found = sorted(answer.get("Datapoints", []), key=lambda point: point["Timestamp"])
    return [point[statistic] for point in found]


def bucket(name):
    return {"BucketName": name, "FilterId": "EntireBucket"}


def requests(alice, bob):
    for _ in range(10):
        alice.get_object(Bucket=ARN, Key="cart.json")["Body"].read()
    for _ in range(5):
        bob.get_object(Bucket=ARN, Key="cart.json")["Body"].read()
    alice.head_object(Bucket=ARN, Key="cart.json")
    try:
        alice.get_object(Bucket=ARN, Key="nowhere")
    except alice.exceptions.ClientError:
        pass
    equal("10 GETs from paris are eu-west-1's, and one that failed",
          points("eu-west-1", "GetRequests", "Sum", bucket(EU)), [11.0])
    equal("5 GETs from new-york are us-east-1's",
          points("us-east-1", "GetRequests", "Sum", bucket(US)), [5.0])
    equal("a HEAD is no GET", points("eu-west-1", "HeadRequests", "Sum", bucket(EU)), [1.0])
    equal("4xxErrors counts the one that failed",
          points("eu-west-1", "4xxErrors", "Sum", bucket(EU)), [1.0])
    equal("4xxErrors' average is the rate of errors",
          points("eu-west-1", "4xxErrors", "Average", bucket(EU)), [1 / 12])
    equal("PutRequests", points("us-east-1", "PutRequests", "Sum", bucket(US)), [1.0])
    equal("BytesUploaded", points("us-east-1", "BytesUploaded", "Sum", bucket(US)), [2.0])
    equal("nothing happened in Singapore",
          points("ap-southeast-1", "GetRequests", "Sum",
                 bucket("my-app-data-ap-southeast-1")), [])
    equal("another Region does not show it", points("us-west-2", "GetRequests", "Sum", bucket(EU)),
          [])
    server = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with server.open(os.environ["ATOLL_SERVER"] + "/_atoll/metrics") as answer:
        gets = re.findall(r'atoll_http_requests_total\{region="([^"]*)".*api="GetObject",code="200"\} (\d+)',
                          answer.read().decode())
    equal("and /_atoll/metrics has the same 10 and 5", sorted(gets),
          [("eu-west-1", "10"), ("us-east-1", "5")])


def replication(bob, link):
    equal("ReplicationLatency is the lag, 15 s",
          points("eu-west-1", "ReplicationLatency", "Maximum", link), [15.0])
    equal("OperationsFailedReplication is the source Region's",
          points("us-east-1", "OperationsFailedReplication", "Sum", link), [0.0])
    atoll("clock", "advance", "45s")  # to a new minute
    atoll("partition", "eu-west-1", "/", "us-east-1", "ap-southeast-1")
    bob.put_object(Bucket=ARN, Key="cart.json", Body=b"12345")
    atoll("clock", "advance", "90s")
    minutes = {"period": 60}
    equal("what waits is pending in each minute",
          points("eu-west-1", "OperationsPendingReplication", "Maximum", link, **minutes)[-2:],
          [1.0, 1.0])
    equal("with its bytes",
          points("eu-west-1", "BytesPendingReplication", "Maximum", link, **minutes)[-1:], [5.0])
    equal("and the destination falls behind",
          points("eu-west-1", "ReplicationLatency", "Maximum", link, **minutes)[-1:], [90.0])
    atoll("heal")
    atoll("clock", "advance", "10m")
    equal("what has arrived stays told",
          points("eu-west-1", "OperationsPendingReplication", "Maximum", link, period=86400), [1.0])


def others(link):
    listed = aws("eu-west-1", "list-metrics", "--namespace", "AWS/S3", "--metric-name",
                 "ReplicationLatency")["Metrics"]
    check("ListMetrics knows the link", {"Namespace": "AWS/S3", "MetricName": "ReplicationLatency",
                                         "Dimensions": [{"Name": name, "Value": value}
                                                        for name, value in link.items()]} in listed,
          listed)
    listed = aws("us-east-1", "list-metrics", "--dimensions", f"Name=BucketName,Value={US}")
    equal("ListMetrics filters by dimension",
          {metric["Dimensions"][0]["Value"] for metric in listed["Metrics"]}, {US})
    query = [{"Id": "gets", "MetricStat": {"Metric": {
        "Namespace": "AWS/S3", "MetricName": "GetRequests",
        "Dimensions": [{"Name": name, "Value": value} for name, value in bucket(EU).items()]},
        "Period": 60, "Stat": "Sum"}}]
    data = aws("eu-west-1", "get-metric-data", "--metric-data-queries", json.dumps(query),
               *DAY)["MetricDataResults"]
    equal("GetMetricData", [(result["Id"], result["Values"], result["StatusCode"])
                            for result in data], [("gets", [11.0], "Complete")])


def metric(name, dimensions, statistic, identity, **more):
    return {"Id": identity, "MetricStat": {
        "Metric": {"Namespace": "AWS/S3", "MetricName": name,
                   "Dimensions": [{"Name": n, "Value": v} for n, v in dimensions.items()]},
        "Period": 60, "Stat": statistic}, **more}


def boto(link):
    """What a program asks: expressions, percentiles, pages, and CloudWatch's own refusals."""
    cloudwatch = client("cloudwatch", region="eu-west-1")
    day = {"StartTime": datetime.datetime(2026, 1, 2), "EndTime": datetime.datetime(2026, 1, 3)}
    gets = metric("GetRequests", bucket(EU), "Sum", "gets")
    pending = metric("OperationsPendingReplication", link, "Maximum", "pending")
    queries = [gets, {"Id": "share", "Expression": "100 * gets / SUM(gets)", "Label": "%"},
               pending | {"ReturnData": False}, {"Id": "any", "Expression": "MAX(METRICS())"}]
    answer = cloudwatch.get_metric_data(MetricDataQueries=queries, **day)["MetricDataResults"]
    equal("boto3: expressions over metrics",
          [(r["Id"], r["Label"], max(r["Values"])) for r in answer],
          [("gets", "GetRequests", 11.0), ("share", "%", 100.0), ("any", "any", 11.0)])
    rising = cloudwatch.get_metric_data(MetricDataQueries=[pending], ScanBy="TimestampAscending", **day)
    falling = cloudwatch.get_metric_data(MetricDataQueries=[pending], **day)
    whole = rising["MetricDataResults"][0]
    check("boto3: ScanBy turns the order round",
          len(whole["Values"]) == 3 and whole["Timestamps"] == sorted(whole["Timestamps"]) and
          falling["MetricDataResults"][0]["Timestamps"] == whole["Timestamps"][::-1], falling)
    pages = cloudwatch.get_paginator("get_metric_data").paginate(
        MetricDataQueries=[pending], MaxDatapoints=2, ScanBy="TimestampAscending", **day)
    results = [result for page in pages for result in page["MetricDataResults"]]
    equal("boto3: pages, put together, are the whole",
          [value for result in results for value in result["Values"]], whole["Values"])
    equal("boto3: all but the last are partial", [result["StatusCode"] for result in results],
          ["PartialData"] * (len(results) - 1) + ["Complete"])
    latency = {"Namespace": "AWS/S3", "MetricName": "BytesDownloaded", "Period": 3600, **day,
               "Dimensions": gets["MetricStat"]["Metric"]["Dimensions"]}
    point = cloudwatch.get_metric_statistics(ExtendedStatistics=["p50", "p99.9"], **latency)
    equal("boto3: percentiles", [p["ExtendedStatistics"]["p50"] for p in point["Datapoints"]], [2.0])
    refused("boto3: both kinds of statistics at once", "InvalidParameterCombination", "together",
            cloudwatch.get_metric_statistics, Statistics=["Sum"], ExtendedStatistics=["p50"], **latency)
    refused("boto3: a minute's points of four days", "InvalidParameterCombination", "5760 datapoints",
            cloudwatch.get_metric_statistics, Statistics=["Sum"],
            **latency | {"Period": 60, "StartTime": datetime.datetime(2025, 12, 30)})
    refused("boto3: a function that is not there is named", "ValidationError", "STDDEV",
            cloudwatch.get_metric_data, **day,
            MetricDataQueries=[gets, {"Id": "x", "Expression": "STDDEV(gets)"}])
    refused("boto3: a token of somewhere else", "InvalidNextToken", "NextToken",
            cloudwatch.get_metric_data, MetricDataQueries=[gets], NextToken="nowhere", **day)


def storage():
    """The daily metrics: each midnight's sample stays what it was, whatever happens later."""
    s3, cloudwatch = client("s3"), client("cloudwatch")
    s3.create_bucket(Bucket="held")
    s3.put_bucket_versioning(Bucket="held", VersioningConfiguration={"Status": "Enabled"})

    def daily(name, kind, **more):
        answer = cloudwatch.get_metric_statistics(**{
            "Namespace": "AWS/S3", "MetricName": name, "Period": 86400, "Statistics": ["Average"],
            "Dimensions": [{"Name": "BucketName", "Value": "held"}, {"Name": "StorageType", "Value": kind}],
            "StartTime": datetime.datetime(2026, 1, 1), "EndTime": datetime.datetime(2026, 3, 1), **more})
        return [(p["Timestamp"].strftime("%d"), p["Average"], p["Unit"])
                for p in sorted(answer["Datapoints"], key=lambda p: p["Timestamp"])]

    s3.put_object(Bucket="held", Key="a", Body=b"12345")
    s3.put_object(Bucket="held", Key="a", Body=b"123")  # the old version still takes its place
    s3.put_object(Bucket="held", Key="b", Body=b"1234567", StorageClass="STANDARD_IA")
    s3.delete_object(Bucket="held", Key="b")  # a marker is an object, of no bytes
    upload = s3.create_multipart_upload(Bucket="held", Key="c")["UploadId"]
    s3.upload_part(Bucket="held", Key="c", UploadId=upload, PartNumber=1, Body=b"12")
    equal("before its first midnight a bucket has no samples", daily("NumberOfObjects", "AllStorageTypes"), [])
    atoll("clock", "advance", "1d")
    equal("versions, markers and parts count", daily("NumberOfObjects", "AllStorageTypes"), [("03", 5.0, "Count")])
    equal("bytes by storage class", (daily("BucketSizeBytes", "StandardStorage"),
                                     daily("BucketSizeBytes", "StandardIAStorage"),
                                     daily("BucketSizeBytes", "GlacierStorage")),
          ([("03", 10.0, "Bytes")], [("03", 7.0, "Bytes")], []))
    atoll("clock", "advance", "2d")
    s3.abort_multipart_upload(Bucket="held", Key="c", UploadId=upload)
    atoll("clock", "advance", "1d")
    want = [(day, 10.0, "Bytes") for day in ("03", "04", "05")] + [("06", 8.0, "Bytes")]
    equal("a sample each day, of what was there then", daily("BucketSizeBytes", "StandardStorage"), want)
    weeks = daily("BucketSizeBytes", "StandardStorage", Period=86400 * 2)
    equal("longer periods average them", [each[1] for each in weeks], [10.0, 9.0])
    wrong = daily("BucketSizeBytes", "AllStorageTypes") + daily("NumberOfObjects", "StandardStorage")
    equal("each has its own StorageType", wrong, [])
    pages = cloudwatch.get_paginator("list_metrics").paginate(
        Namespace="AWS/S3", Dimensions=[{"Name": "BucketName", "Value": "held"}, {"Name": "StorageType"}])
    found = [(m["MetricName"], m["Dimensions"][1]["Value"]) for page in pages for m in page["Metrics"]]
    equal("ListMetrics names them", sorted(found), [
        ("BucketSizeBytes", "StandardIAStorage"), ("BucketSizeBytes", "StandardStorage"),
        ("NumberOfObjects", "AllStorageTypes")])
    for i in range(600):
        s3.create_bucket(Bucket=f"page-{i:03}")
        s3.put_object(Bucket=f"page-{i:03}", Key="k", Body=b"")
    atoll("clock", "advance", "1d")
    pages = list(cloudwatch.get_paginator("list_metrics").paginate(Namespace="AWS/S3", MetricName="NumberOfObjects"))
    names = [m["Dimensions"][0]["Value"] for page in pages for m in page["Metrics"]]
    check("ListMetrics has 500 on a page, and each metric once", len(pages[0]["Metrics"]) == 500 and
          len(names) == len(set(names)) and len(set(names)) >= 601, [len(p["Metrics"]) for p in pages])


def main():
    alice, bob = client("s3", "alice", "eu-west-1"), client("s3", "bob", "us-east-1")
    answer = bob.put_object(Bucket=ARN, Key="cart.json", Body=b"v1")
    equal("bob writes to us-east-1", header(answer, "x-atoll-region"), "us-east-1")
    rule = client("s3").get_bucket_replication(Bucket=US)["ReplicationConfiguration"]["Rules"]
    rule = next(each["ID"] for each in rule if each["Destination"]["Bucket"].endswith(EU))
    link = {"SourceBucket": US, "DestinationBucket": EU, "RuleId": rule}
    atoll("clock", "advance", "15s")
    requests(alice, bob)
    replication(bob, link)
    others(link)
    boto(link)
    storage()
    finish()


main()
