"""Step 6: where requests go under 70/30, and under dials of 0 and 100. argv[1] is the alias."""
import collections
import http.client
import sys
import urllib.parse

from checks import ACCOUNT, SERVER, check, client, equal, finish, header, refused

ALIAS = sys.argv[1]
ARN = f"arn:aws:s3::{ACCOUNT}:accesspoint/{ALIAS}"


def regions_of(count, place):
    """Where `count` requests from a place are served: unsigned ones to our own port, over one
    connection, with the alias as a bucket, because signing 10,000 would take a minute."""
    where = urllib.parse.urlsplit(SERVER)
    connection = http.client.HTTPConnection(where.hostname, where.port)
    served = collections.Counter()
    for _ in range(count):
        connection.request("HEAD", f"/{ALIAS}/assets/logo.png",
                           headers={"x-atoll-client": place})
        answer = connection.getresponse()
        answer.read()
        served[answer.headers["x-atoll-region"]] += 1
    connection.close()
    return served


def submit(control, **dials):
    regions = {region.replace("_", "-"): dial for region, dial in dials.items()}
    return control.submit_multi_region_access_point_routes(
        AccountId=ACCOUNT, Mrap=ARN,
        RouteUpdates=[{"Bucket": f"my-app-data-{region}", "Region": region,
                       "TrafficDialPercentage": dial} for region, dial in regions.items()])


def main():
    control = client("s3control", region="us-west-2")
    served = regions_of(10_000, "paris")
    share = {region: count / 100 for region, count in served.items()}
    check("step 6: 70 % +- 1.5 % of 10,000 requests go to us-east-1",
          abs(share.get("us-east-1", 0) - 70) <= 1.5, share)
    check("step 6: 30 % +- 1.5 % go to eu-west-1", abs(share.get("eu-west-1", 0) - 30) <= 1.5, share)
    equal("step 6: none goes anywhere else", set(served), {"us-east-1", "eu-west-1"})

    answer = submit(control, us_east_1=100, eu_west_1=0, ap_southeast_1=100)
    equal("dials of 0 and 100 are not marked", header(answer, "x-atoll-nonstandard"), "")
    equal("a passive Region gets nothing: paris goes on to us-east-1", regions_of(50, "paris"),
          {"us-east-1": 50})
    submit(control, eu_west_1=100)
    equal("an update leaves the members it does not name as they are",
          {r["Region"]: r["TrafficDialPercentage"] for r in
           control.get_multi_region_access_point_routes(AccountId=ACCOUNT, Mrap=ARN)["Routes"]},
          {"us-east-1": 100, "eu-west-1": 100, "ap-southeast-1": 100})
    for place, region in (("paris", "eu-west-1"), ("new-york", "us-east-1"),
                          ("singapore", "ap-southeast-1")):
        equal(f"all active: {place} is served by {region}", regions_of(20, place), {region: 20})
    refused("no member active is refused", "InvalidRequest", "", submit, control=control,
            us_east_1=0, eu_west_1=0, ap_southeast_1=0)
    submit(control, us_east_1=70, eu_west_1=30)
    finish()


main()
