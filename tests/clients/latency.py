"""Step 11: with --simulate-latency each answer takes at least the round trip to its Region."""
import re
import time

from checks import check, client, finish, header

ARN = "arn:aws:s3::123456789012:accesspoint/mfzwi23gnjvgw.mrap"


def timed(call, **arguments):
    began = time.monotonic()
    answer = call(**arguments)
    return answer, (time.monotonic() - began) * 1000


def main():
    for name, least in (("alice", 5), ("bob", 5), ("carol", 1)):
        s3 = client("s3", key=name)
        s3.put_object(Bucket=ARN, Key=name, Body=b"x")
        for _ in range(3):
            answer, took = timed(s3.head_object, Bucket=ARN, Key=name)
            route = header(answer, "x-atoll-route")
            found = re.search(r"rtt=(\d+)ms", route)
            rtt = int(found.group(1)) if found else 0
            # x-atoll-route rounds to whole milliseconds.
            check(f"step 11: {name}'s answer took its round trip",
                  rtt >= least and took >= rtt - 0.5, f"{took:.1f} ms, {route}")
    far, took = timed(client("s3", key="carol").list_objects_v2, Bucket="my-app-data-us-east-1")
    check("step 11: from singapore to a bucket in us-east-1 it is more than 150 ms",
          took > 150, f"{took:.1f} ms, {header(far, 'x-atoll-route')}")
    finish()


main()
