"""What a shop must expect of a Multi-Region Access Point. Run: ATOLL=../../build/atoll pytest"""
CARTS = "arn:aws:s3::123456789012:accesspoint/orders.mrap"


def put(s3, body):
    s3.put_object(Bucket=CARTS, Key="cart.json", Body=body)


def get(s3):
    return s3.get_object(Bucket=CARTS, Key="cart.json")["Body"].read()


def test_paris_reads_an_old_cart_until_the_copy_arrives(atoll, client_of):
    alice, bob = client_of("alice"), client_of("bob")
    put(bob, b"v1")
    atoll.call("POST", "/wait", {"targets": ["orders/cart.json"]})
    put(bob, b"v2")
    assert get(bob) == b"v2"
    assert get(alice) == b"v1", "with status 200, and no warning"
    atoll.call("POST", "/clock", {"advance": "15s"})
    assert get(alice) == b"v2"


def test_paris_is_served_from_elsewhere_when_its_region_is_passive(atoll, client_of):
    alice = client_of("alice")
    put(alice, b"v1")
    atoll.call("POST", "/wait", {"targets": ["orders/cart.json"]})
    atoll.call("PATCH", "/mraps/orders/routes", {"eu-west-1": "passive"})
    atoll.call("POST", "/clock", {"advance": "10m"})
    answer = alice.get_object(Bucket=CARTS, Key="cart.json")
    assert answer["Body"].read() == b"v1"
    assert answer["ResponseMetadata"]["HTTPHeaders"]["x-atoll-region"] == "us-east-1"


def test_the_client_tries_again_when_told_to_slow_down(atoll, client_of):
    atoll.call("PUT", "/faults/slow", {"match": {"api": "PutObject", "attempt": "<=2"}, "error": "503:SlowDown"})
    answer = client_of("alice").put_object(Bucket=CARTS, Key="cart.json", Body=b"v1")
    assert answer["ResponseMetadata"]["RetryAttempts"] == 2
