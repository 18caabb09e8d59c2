"""Step 11: at 10 MB/s, 100 MB arrive 10 seconds after 1 KiB."""
import botocore.exceptions

from checks import atoll, client, equal, finish

SIZES = {"small": 1024, "big": 100_000_000}


def arrived():
    """The keys that eu-west-1 has."""
    s3 = client("s3", region="eu-west-1")
    found = []
    for key in SIZES:
        try:
            s3.head_object(Bucket="my-app-data-eu-west-1", Key=key)
            found.append(key)
        except botocore.exceptions.ClientError as error:
            if error.response["Error"]["Code"] != "404":
                raise
    return found


def main():
    atoll("lag", "us-east-1", "eu-west-1", "15s", "--bandwidth", "10MB/s")
    s3 = client("s3")
    for key, size in SIZES.items():
        s3.put_object(Bucket="my-app-data-us-east-1", Key=key, Body=b"x" * size)
    atoll("clock", "advance", "15s")
    equal("step 11: after the lag alone, nothing: 1 KiB takes 0.1 ms", arrived(), [])
    atoll("clock", "advance", "1ms")
    equal("step 11: the 1 KiB object has arrived", arrived(), ["small"])
    atoll("clock", "advance", "9990ms")
    equal("step 11: 9.99 s later the 100 MB are still on their way", arrived(), ["small"])
    atoll("clock", "advance", "10ms")
    equal("step 11: 10 s later they have arrived", arrived(), ["small", "big"])
    finish()


main()
