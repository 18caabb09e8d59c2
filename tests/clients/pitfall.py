"""Steps 7 and 8: a read that is out of date, and a Region that goes down.

Bob writes from New York, Alice reads from Paris, both through the access point. The clock stands
still but for `atoll clock advance`, so nothing here depends on how fast anything runs.
"""
from checks import atoll, check, client, equal, finish, header, refused

ARN = "arn:aws:s3::123456789012:accesspoint/mfzwi23gnjvgw.mrap"
OBJECT = {"Bucket": ARN, "Key": "cart.json"}
REGIONS = ("us-east-1", "eu-west-1", "ap-southeast-1")


def body(answer):
    return answer["Body"].read()


def heads(version):
    """What HeadObject says in each Region about one version: None where it is not."""
    found = {}
    for region in REGIONS:
        s3 = client("s3", region=region)
        try:
            head = s3.head_object(Bucket=f"my-app-data-{region}", Key="cart.json",
                                  VersionId=version)
        except s3.exceptions.ClientError as error:
            found[region] = error.response["Error"]["Code"]
            continue
        found[region] = (head.get("ReplicationStatus"), head["VersionId"], head["ETag"])
    return found


def stale_read(alice, bob):
    first = bob.put_object(Body=b"v1", **OBJECT)
    equal("step 7: bob in new-york writes to us-east-1", header(first, "x-atoll-region"),
          "us-east-1")
    refused("step 7: alice in paris does not see a key that has not arrived", "NoSuchKey", "",
            alice.get_object, **OBJECT)
    atoll("clock", "advance", "15s")
    equal("step 7: after the lag alice reads v1", body(alice.get_object(**OBJECT)), b"v1")

    second = bob.put_object(Body=b"v2", **OBJECT)
    version, etag = second["VersionId"], second["ETag"]
    answer = alice.get_object(**OBJECT)
    equal("step 7: alice is served by eu-west-1", header(answer, "x-atoll-region"), "eu-west-1")
    equal("step 7: and reads the old version", body(answer), b"v1")
    check("step 7: which is called stale", "stale" in header(answer, "x-atoll-freshness"),
          header(answer, "x-atoll-freshness"))
    equal("step 7: bob reads his own write", body(bob.get_object(**OBJECT)), b"v2")
    refused("step 7: the new version by its id, before", "NoSuchVersion", "", alice.get_object,
            VersionId=version, **OBJECT)
    equal("step 7: HEAD shows PENDING on the source", heads(version),
          {"us-east-1": ("PENDING", version, etag), "eu-west-1": "404", "ap-southeast-1": "404"})

    atoll("clock", "advance", "14999ms")
    equal("step 7: a millisecond before the lag is over, still old",
          body(alice.get_object(**OBJECT)), b"v1")
    atoll("clock", "advance", "1ms")
    answer = alice.get_object(**OBJECT)
    equal("step 7: after 15 s alice reads the new one", body(answer), b"v2")
    check("step 7: which is called fresh", "fresh" in header(answer, "x-atoll-freshness"),
          header(answer, "x-atoll-freshness"))
    equal("step 7: the new version by its id, after",
          body(alice.get_object(VersionId=version, **OBJECT)), b"v2")
    equal("step 7: HEAD shows COMPLETED and REPLICA, one version id, one ETag", heads(version),
          {"us-east-1": ("COMPLETED", version, etag), "eu-west-1": ("REPLICA", version, etag),
           "ap-southeast-1": ("REPLICA", version, etag)})


def outage(alice):
    atoll("outage", "eu-west-1", "on")
    answer = alice.get_object(**OBJECT)
    equal("step 8: eu-west-1 down, alice is served by the next closest",
          header(answer, "x-atoll-region"), "us-east-1")
    refused("step 8: its bucket itself answers 503", "ServiceUnavailable", "",
            client("s3", region="eu-west-1").get_object, Bucket="my-app-data-eu-west-1",
            Key="cart.json")
    atoll("outage", "us-east-1", "on")
    equal("step 8: two down, and she is served by the third",
          header(alice.get_object(**OBJECT), "x-atoll-region"), "ap-southeast-1")
    atoll("outage", "us-east-1", "off")
    atoll("outage", "eu-west-1", "off")
    equal("step 8: up again, back to eu-west-1",
          header(alice.get_object(**OBJECT), "x-atoll-region"), "eu-west-1")


def client_at(place):
    """A client that says where it is by the header x-atoll-client."""
    def say(request, **_):
        request.headers["x-atoll-client"] = place
    s3 = client("s3", key="somebody")
    s3.meta.events.register("before-send.s3", say)
    return s3


def places():
    for name, region in (("alice", "eu-west-1"), ("bob", "us-east-1"), ("carol", "ap-southeast-1")):
        answer = client("s3", key=name).head_object(**OBJECT)
        equal(f"step 11: {name} lands on {region}", header(answer, "x-atoll-region"), region)
    for place, region in (("paris", "eu-west-1"), ("new-york", "us-east-1"),
                          ("singapore", "ap-southeast-1")):
        equal(f"step 11: a client in {place} lands on {region}",
              header(client_at(place).head_object(**OBJECT), "x-atoll-region"), region)


def main():
    alice, bob = client("s3", key="alice"), client("s3", key="bob")
    stale_read(alice, bob)
    outage(alice)
    places()
    finish()


main()
