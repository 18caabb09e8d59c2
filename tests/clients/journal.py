"""Reads GET /_atoll/v1/requests from stdin; prints what the newest request of operation argv[1]
was marked with (x-atoll-nonstandard)."""
import json
import sys

requests = json.load(sys.stdin)["requests"]
of_api = [r for r in requests if r["request"]["api"] == sys.argv[1]]
newest = max(of_api, key=lambda r: r["at"], default=None)
print(newest.get("nonstandard", "") if newest else "no such request")
