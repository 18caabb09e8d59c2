"""Checks of the Python client tests: a line for each, and "N passed, N failed" last."""
import os
import subprocess
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

ATOLL = os.environ.get("ATOLL") or os.path.join(
    os.path.dirname(os.path.abspath(__file__)), "..", "..", "build", "atoll")
SERVER = os.environ["ATOLL_SERVER"]
ACCOUNT = "123456789012"
_counts = {"passed": 0, "failed": 0}


def check(what, holds, detail=""):
    """Counts one check; `detail` is shown when it fails."""
    _counts["passed" if holds else "failed"] += 1
    print(("ok    " if holds else "FAIL  ") + what, flush=True)
    if not holds and detail != "":
        print(f"        {detail}", flush=True)
    return holds


def equal(what, got, want):
    return check(what, got == want, f"got {got!r}, want {want!r}")


def refused(what, code, words, call, **arguments):
    """The call fails with this error code and these words in its message."""
    try:
        call(**arguments)
    except ClientError as error:
        answer = error.response["Error"]
        return check(what, answer["Code"] == code and words in answer["Message"],
                     f"got {answer['Code']}: {answer['Message']}")
    return check(what, False, "it was accepted")


def finish():
    print(f"{_counts['passed']} passed, {_counts['failed']} failed")
    sys.exit(1 if _counts["failed"] else 0)


def client(service, key=None, region="us-east-1", secret=None):
    """As the person `key`, or as the environment says. One attempt only: a retry would hide the
    answer that is under test."""
    session = boto3.session.Session(aws_access_key_id=key, aws_secret_access_key=secret or key,
                                    region_name=region)
    return session.client(service, config=Config(retries={"max_attempts": 0}))


def header(answer, name):
    return answer["ResponseMetadata"]["HTTPHeaders"].get(name, "")


def atoll(*words):
    """Runs a command of atoll; its output. One that fails ends the test."""
    done = subprocess.run([ATOLL, *words], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"atoll {' '.join(words)}: {done.returncode} {done.stdout}{done.stderr}")
    return done.stdout
