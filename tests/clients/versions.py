"""Step 10: one PUT in each Region, three equal version lists; one key overwritten 1,000 times."""
from checks import atoll, check, client, equal, finish

BUCKETS = {region: f"my-app-data-{region}"
           for region in ("us-east-1", "eu-west-1", "ap-southeast-1")}


def version_list(region):
    answer = client("s3", region=region).list_object_versions(Bucket=BUCKETS[region], Prefix="k")
    return [(v["VersionId"], v["ETag"], v["IsLatest"], v["LastModified"])
            for v in answer.get("Versions", [])]


def three_regions():
    for region, bucket in BUCKETS.items():
        client("s3", region=region).put_object(Bucket=bucket, Key="k", Body=region.encode())
    before = [version_list(region) for region in BUCKETS]
    equal("step 10: before, one version each", [len(versions) for versions in before], [1, 1, 1])
    atoll("wait")
    lists = [version_list(region) for region in BUCKETS]
    equal("step 10: after wait, three versions each", [len(versions) for versions in lists],
          [3, 3, 3])
    check("step 10: and the three lists are equal", lists[0] == lists[1] == lists[2], lists)
    equal("step 10: one of the three is the latest", [v[2] for v in lists[0]],
          [True, False, False])


def thousand_puts():
    s3 = client("s3")
    where = {"Bucket": BUCKETS["us-east-1"], "Key": "one"}
    wrong, ids = [], set()
    for i in range(1000):
        ids.add(s3.put_object(Body=str(i).encode(), **where)["VersionId"])
        seen = s3.get_object(**where)["Body"].read()
        if seen != str(i).encode():
            wrong.append((i, seen))
    check("step 10: 1,000 PUTs on a stopped clock: each read sees the last", not wrong, wrong[:5])
    equal("step 10: and each has a version id of its own", len(ids), 1000)
    listed = [v for page in s3.get_paginator("list_object_versions").paginate(
        Bucket=BUCKETS["us-east-1"], Prefix="one", PaginationConfig={"PageSize": 300})
        for v in page["Versions"]]
    equal("step 10: all of them are listed, page after page", {v["VersionId"] for v in listed}, ids)


def main():
    three_regions()
    thousand_puts()
    finish()


main()
