"""One server for all tests, its clock stopped; before each test its world is as the demo has it."""
import json
import os
import subprocess
import urllib.request

import boto3
import pytest
from botocore.config import Config


class Atoll:
    """The server's own API: `atoll help` lists what it can, api/openapi.json says how."""

    def __init__(self, url):
        self.url = url

    def call(self, method, path, document=None):
        request = urllib.request.Request(self.url + "/_atoll/v1" + path, json.dumps(document or {}).encode(),
                                         {"Content-Type": "application/json"}, method=method)
        with urllib.request.urlopen(request) as answer:
            return json.loads(answer.read() or b"null")


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("atoll")
    ready, written = os.pipe()
    program = [os.environ.get("ATOLL", "atoll"), "serve", "--demo", "--clock", "manual", "--listen", "127.0.0.1:0",
               "--port-file", folder / "port", "--ca-dir", folder / "ca", "--ready-fd", str(written)]
    with subprocess.Popen(program, pass_fds=[written]) as process:
        os.close(written)
        assert os.read(ready, 1), "the server did not start"
        yield Atoll("http://127.0.0.1:" + (folder / "port").read_text().strip()), str(folder / "ca" / "ca.pem")
        process.terminate()


@pytest.fixture
def atoll(server):
    server[0].call("POST", "/reset", {"to": "config"})
    return server[0]


@pytest.fixture
def client_of(atoll, server):
    """S3 as one of the demo's people sees it; their name is the access key."""
    def client(name):
        return boto3.client("s3", region_name="us-east-1", aws_access_key_id=name, aws_secret_access_key=name,
                            verify=server[1], config=Config(proxies={"https": atoll.url}))
    return client
