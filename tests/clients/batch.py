"""S3 Batch Replication: jobs with generated and CSV manifests, their states, reports and refusals.

`before` makes the world and leaves a job in the middle of its copies; `after` finds it again when
the server was stopped and started.
"""
import csv
import io
import json
import subprocess
import sys
import urllib.error
import urllib.request

from checks import ACCOUNT, SERVER, atoll, check, client, equal, finish, refused

ROLE = f"arn:aws:iam::{ACCOUNT}:role/batch"
REPORT = {"Bucket": "arn:aws:s3:::reports", "Format": "Report_CSV_20180820", "Enabled": True,
          "Prefix": "r", "ReportScope": "AllTasks"}
S3 = client("s3")
CONTROL = client("s3control")


def rules(*destinations, **more):
    return {"Role": f"arn:aws:iam::{ACCOUNT}:role/replication",
            "Rules": [{"ID": f"to-{to}", "Priority": i + 1, "Status": "Enabled",
                       "Filter": {"Prefix": ""}, "DeleteMarkerReplication": {"Status": "Disabled"},
                       "Destination": {"Bucket": f"arn:aws:s3:::{to}", **more}}
                      for i, to in enumerate(destinations)]}


def generator(output=False, **filters):
    made = {"SourceBucket": "arn:aws:s3:::source", "EnableManifestOutput": output,
            "Filter": {"EligibleForReplication": True, **filters}}
    if output:
        made["ManifestOutputLocation"] = {"Bucket": "arn:aws:s3:::reports",
                                          "ManifestFormat": "S3InventoryReport_CSV_20211130",
                                          "ManifestPrefix": "m"}
    return {"S3JobManifestGenerator": made}


def create(token, control=CONTROL, **more):
    asked = {"AccountId": ACCOUNT, "Operation": {"S3ReplicateObject": {}}, "Report": REPORT,
             "ClientRequestToken": token, "Priority": 10, "RoleArn": ROLE,
             "ConfirmationRequired": False, **more}
    return control.create_job(**asked)["JobId"]


def describe(job):
    return CONTROL.describe_job(AccountId=ACCOUNT, JobId=job)["Job"]


def progress(job):
    told = describe(job)["ProgressSummary"]
    return (told["TotalNumberOfTasks"], told["NumberOfTasksSucceeded"],
            told["NumberOfTasksFailed"])


def objects(bucket):
    return sorted(o["Key"] for o in S3.list_objects_v2(Bucket=bucket).get("Contents", []))


def report_of(job):
    """The rows of a job's report by key, from the files that its manifest names."""
    told = json.load(S3.get_object(Bucket="reports", Key=f"r/job-{job}/manifest.json")["Body"])
    equal("the report's manifest says its format", told["Format"], "Report_CSV_20180820")
    rows = {}
    for result in told["Results"]:
        text = S3.get_object(Bucket=result["Bucket"], Key=result["Key"])["Body"].read().decode()
        for row in csv.reader(io.StringIO(text)):
            rows[row[1]] = row[3:6]
    return rows


def world():
    for name, region in (("source", "us-east-1"), ("target", "eu-west-1"), ("third", "eu-west-1"),
                         ("reports", "us-east-1")):
        made = client("s3", region=region)
        where = {} if region == "us-east-1" else {
            "CreateBucketConfiguration": {"LocationConstraint": region}}
        made.create_bucket(Bucket=name, **where)
        made.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    for key in ("old/1", "old/2", "new ü", "log/1"):
        if key == "new ü":
            atoll("clock", "advance", "1s")
        S3.put_object(Bucket="source", Key=key, Body=key.encode())


def refusals():
    refused("another operation is refused by its name", "NotImplemented", "S3PutObjectTagging",
            create, token="t", Operation={"S3PutObjectTagging": {"TagSet": []}},
            ManifestGenerator=generator())
    refused("a job without any manifest", "InvalidRequest", "Manifest", create, token="t")
    refused("a job that nobody made", "NoSuchJobException", "does not exist", CONTROL.describe_job,
            AccountId=ACCOUNT, JobId="no-such-job")
    refused("another account's jobs", "AccessDenied", "", CONTROL.list_jobs,
            AccountId="210987654321")
    job = create("no-rules", ManifestGenerator=generator())
    equal("the same token gives the same job", create("no-rules", ManifestGenerator=generator()),
          job)
    refused("the same token for another job", "IdempotencyException", "", create, token="no-rules",
            ManifestGenerator=generator(), Description="other")
    equal("a new job is New", describe(job)["Status"], "New")
    atoll("clock", "advance", "2s")
    told = describe(job)
    equal("without replication rules it fails", told["Status"], "Failed")
    equal("and says why", told["FailureReasons"][0]["FailureCode"],
          "ReplicationConfigurationNotFoundError")


def confirmed():
    S3.put_bucket_replication(Bucket="source", ReplicationConfiguration=rules("target"))
    job = create("old", ConfirmationRequired=True, Description="the old ones",
                 Tags=[{"Key": "team", "Value": "a&b=c"}],
                 ManifestGenerator=generator(True, ObjectReplicationStatuses=["NONE", "FAILED"],
                                             CreatedBefore="2026-01-02T03:04:01Z"))
    atoll("clock", "advance", "0s")
    equal("it is Preparing", describe(job)["Status"], "Preparing")
    atoll("clock", "advance", "1s")
    told = describe(job)
    equal("then it awaits confirmation", (told["Status"], told["SuspendedCause"]),
          ("Suspended", "Awaiting confirmation"))
    equal("it has found two tasks", progress(job), (2, 0, 0))
    key = told["GeneratedManifestDescriptor"]["Location"]["ObjectArn"].split("reports/")[1]
    manifest = S3.get_object(Bucket="reports", Key=key)["Body"].read().decode()
    equal("its manifest was put out", [row[:2] for row in csv.reader(io.StringIO(manifest))],
          [["source", "old/1"], ["source", "old/2"]])
    equal("its tags", CONTROL.get_job_tagging(AccountId=ACCOUNT, JobId=job)["Tags"],
          [{"Key": "team", "Value": "a&b=c"}])
    CONTROL.update_job_priority(AccountId=ACCOUNT, JobId=job, Priority=42)
    told = CONTROL.update_job_status(AccountId=ACCOUNT, JobId=job, RequestedJobStatus="Ready",
                                     StatusUpdateReason="looked at it")
    equal("confirmed, it is Ready", told["Status"], "Ready")
    atoll("clock", "advance", "14s")
    equal("it is Active while its copies travel", describe(job)["Status"], "Active")
    equal("none has arrived", (progress(job), objects("target")), ((2, 0, 0), []))
    equal("the source is PENDING", S3.head_object(Bucket="source", Key="old/1")["ReplicationStatus"],
          "PENDING")
    atoll("clock", "advance", "1s")
    told = describe(job)
    equal("then it is Complete", (told["Status"], told["Priority"], told["Description"],
                                  told["StatusUpdateReason"], progress(job)),
          ("Complete", 42, "the old ones", "looked at it", (2, 2, 0)))
    equal("it was Active for 15 seconds",
          told["ProgressSummary"]["Timers"]["ElapsedTimeInActiveSeconds"], 15)
    equal("what it was asked comes back", (told["Operation"], told["Report"]["ReportScope"]),
          ({"S3ReplicateObject": {}}, "AllTasks"))
    equal("the objects are there", objects("target"), ["old/1", "old/2"])
    equal("the report says so", report_of(job), {"old/1": ["succeeded", "", "200"],
                                                 "old/2": ["succeeded", "", "200"]})
    refused("what has ended cannot be cancelled", "JobStatusException", "Complete",
            CONTROL.update_job_status, AccountId=ACCOUNT, JobId=job,
            RequestedJobStatus="Cancelled")


def from_csv():
    version = S3.head_object(Bucket="source", Key="log/1")["VersionId"]
    gone = S3.head_object(Bucket="source", Key="old/1")["VersionId"]
    client("s3", region="eu-west-1").delete_object(Bucket="target", Key="old/1", VersionId=gone)
    text = f'source,log%2F1,{version}\nsource,"new%20%C3%BC",\nsource,absent,\nsource,old/1,\n'
    etag = S3.put_object(Bucket="reports", Key="list.csv", Body=text.encode())["ETag"]
    manifest = {"Spec": {"Format": "S3BatchOperations_CSV_20180820",
                         "Fields": ["Bucket", "Key", "VersionId"]},
                "Location": {"ObjectArn": "arn:aws:s3:::reports/list.csv", "ETag": etag}}
    job = create("csv", Manifest=manifest)
    atoll("clock", "advance", "16s")
    equal("a CSV's job is Complete, two of four failed", (describe(job)["Status"], progress(job)),
          ("Complete", (4, 2, 2)))
    equal("each task's outcome is in the report", report_of(job),
          {"log/1": ["succeeded", "", "200"], "new%20%C3%BC": ["succeeded", "", "200"],
           "absent": ["failed", "SrcVersionNotFound", "400"],
           "old/1": ["failed", "DstObjectHardDeleted", "400"]})
    equal("what was deleted by its id did not come back", objects("target"),
          ["log/1", "new ü", "old/2"])
    manifest["Location"]["ETag"] = "0" * 32
    job = create("etag", Manifest=manifest)
    atoll("clock", "advance", "1s")
    equal("a manifest that changed fails the job", describe(job)["FailureReasons"][0]["FailureCode"],
          "InvalidManifest")


def replicas():
    """Replicas are not replicated again, but a job does it."""
    eu, control = client("s3", region="eu-west-1"), client("s3control", region="eu-west-1")
    eu.put_bucket_replication(Bucket="target", ReplicationConfiguration=rules("third"))
    made = generator(ObjectReplicationStatuses=["REPLICA"])
    made["S3JobManifestGenerator"]["SourceBucket"] = "arn:aws:s3:::target"
    job = create("replicas", control, ManifestGenerator=made)
    atoll("clock", "advance", "16s")
    equal("a job replicates replicas", objects("third"), ["log/1", "new ü", "old/2"])
    refused("a job is in its own Region", "NoSuchJobException", "", CONTROL.describe_job,
            AccountId=ACCOUNT, JobId=job)


def source_goes():
    """The source bucket, or one version of it, is deleted while a job's copies travel."""
    for name in ("short", "short2"):
        S3.create_bucket(Bucket=name)
        S3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        versions = [S3.put_object(Bucket=name, Key=key, Body=b"x")["VersionId"] for key in "ab"]
        S3.put_bucket_replication(Bucket=name, ReplicationConfiguration=rules("target"))
        made = generator()
        made["S3JobManifestGenerator"]["SourceBucket"] = f"arn:aws:s3:::{name}"
        job = create(name, ManifestGenerator=made)
        atoll("clock", "advance", "5s")
        equal(f"{name}: the job is Active", (describe(job)["Status"], progress(job)), ("Active", (2, 0, 0)))
        S3.delete_object(Bucket=name, Key="a", VersionId=versions[0])
        if name == "short":
            S3.delete_object(Bucket=name, Key="b", VersionId=versions[1])
            S3.delete_bucket(Bucket=name)
        atoll("clock", "advance", "1m")
        both = name == "short"
        equal(f"{name}: the job ends, and counts what it could not copy",
              (describe(job)["Status"], progress(job)), ("Complete", (2, 0, 2) if both else (2, 1, 1)))
        equal(f"{name}: the report says why", report_of(job),
              {key: ["failed", "SrcBucketNotFound", "400"] for key in "ab"} if both else
              {"a": ["failed", "SrcVersionNotFound", "400"], "b": ["succeeded", "", "200"]})
    with urllib.request.urlopen(SERVER + "/_atoll/v1/replication") as answer:
        left = json.load(answer)["copies"]
    equal("nothing of them is left in the queue",
          [copy["key"] for copy in left if copy["key"] in ("a", "b")], [])
    client("s3", region="eu-west-1").delete_object(Bucket="target", Key="b", VersionId=versions[1])


def cancelled_and_listed():
    job = create("later", ManifestGenerator=generator(
        ObjectReplicationStatuses=["COMPLETED"]), ConfirmationRequired=True)
    atoll("clock", "advance", "1s")
    told = CONTROL.update_job_status(AccountId=ACCOUNT, JobId=job, RequestedJobStatus="Cancelled")
    equal("a job can be cancelled", told["Status"], "Cancelled")
    pages = [CONTROL.list_jobs(AccountId=ACCOUNT, MaxResults=2)]
    while "NextToken" in pages[-1]:
        pages.append(CONTROL.list_jobs(AccountId=ACCOUNT, MaxResults=2,
                                       NextToken=pages[-1]["NextToken"]))
    jobs = [job for page in pages for job in page["Jobs"]]
    equal("jobs are listed newest first, two on a page", ([len(p["Jobs"]) for p in pages],
                                                          [job["Status"] for job in jobs]),
          ([2, 2, 1], ["Cancelled", "Failed", "Complete", "Complete", "Failed"]))
    done = subprocess.run(["/usr/bin/aws", "s3control", "list-jobs", "--account-id", ACCOUNT,
                           "--job-statuses", "Complete", "Cancelled", "--output", "json"],
                          capture_output=True, text=True, check=False)
    check("aws s3control list-jobs ends with 0", done.returncode == 0, done.stderr)
    listed = json.loads(done.stdout or '{"Jobs": []}')["Jobs"]
    equal("it lists by status", [job["Status"] for job in listed],
          ["Cancelled", "Complete", "Complete"])
    equal("and names the operation", listed[0]["Operation"], "S3ReplicateObject")


def with_the_command_line():
    """create-job and describe-job of the AWS CLI; it is left with its copies on their way."""
    S3.delete_bucket_replication(Bucket="source")
    S3.put_object(Bucket="source", Key="late", Body=b"x")
    S3.put_bucket_replication(Bucket="source", ReplicationConfiguration=rules("target"))
    words = ["/usr/bin/aws", "s3control", "create-job", "--account-id", ACCOUNT, "--operation",
             '{"S3ReplicateObject": {}}', "--report", '{"Enabled": false}', "--manifest-generator",
             json.dumps(generator(ObjectReplicationStatuses=["NONE"])), "--priority", "1",
             "--role-arn", ROLE, "--no-confirmation-required", "--client-request-token", "cli",
             "--output", "text"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    check("aws s3control create-job ends with 0", done.returncode == 0, done.stderr)
    atoll("clock", "advance", "10s")
    equal("the job is Active", describe(done.stdout.strip())["Status"], "Active")


def after():
    job = create("cli-again", ManifestGenerator=generator(ObjectReplicationStatuses=["NONE"]))
    listed = CONTROL.list_jobs(AccountId=ACCOUNT, JobStatuses=["Active"])["Jobs"]
    equal("after a restart the job is still Active", len(listed), 1)
    equal("a job of now is New", describe(job)["Status"], "New")
    atoll("clock", "advance", "6s")
    equal("and ends when its copies arrive", (describe(listed[0]["JobId"])["Status"],
                                              progress(listed[0]["JobId"])),
          ("Complete", (1, 1, 0)))
    check("the object is there", "late" in objects("target"))
    told = describe(job)
    equal("a job that finds nothing fails", (told["Status"],
                                             told["FailureReasons"][0]["FailureReason"]),
          ("Failed", "Manifest generation found no keys matching the filter criteria."))


def patch_link(document):
    asked = urllib.request.Request(f"{SERVER}/_atoll/v1/links/us-east-1/eu-west-1", method="PATCH",
                                   data=json.dumps(document).encode(),
                                   headers={"Content-Type": "application/json"})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        return json.load(opener.open(asked))
    except urllib.error.HTTPError as error:
        return json.load(error)


def slow_prefix():
    """The lag of a link is another for a prefix."""
    for bad in ([{"lag": "1m"}], [{"prefix": "slow/", "lag": "soon"}], [{"prefix": "s", "lg": "1"}]):
        equal(f"an override {bad} is refused", patch_link({"overrides": bad})["status"], 400)
    slow = [{"rule": "", "prefix": "slow/", "lag": "1m"}]
    equal("a link shows its overrides", patch_link({"overrides": slow})["overrides"],
          [{"rule": "", "prefix": "slow/", "lag": "fixed(1m)"}])
    for key in ("slow/1", "fast/1"):
        S3.put_object(Bucket="source", Key=key, Body=b"x")
    statuses = []
    for seconds in ("15s", "45s"):
        atoll("clock", "advance", seconds)
        statuses.append([S3.head_object(Bucket="source", Key=key)["ReplicationStatus"]
                         for key in ("slow/1", "fast/1")])
    equal("keys below the prefix take a minute", statuses,
          [["PENDING", "COMPLETED"], ["COMPLETED", "COMPLETED"]])


def copies(*flags):
    """The keys that `atoll replication list` names."""
    told = json.loads(atoll("replication", "list", "--json", *flags))
    return sorted(copy["key"] for copy in told["copies"])


def by_hand():
    """Lags, holds, releases, drops and retries of named copies, with the command line."""
    pair = ("us-east-1", "eu-west-1")
    link = [each for each in json.loads(atoll("lag", "--json"))["links"] if each["from"] == pair[0] and each["to"] == pair[1]]
    before = link[0].get("overrides", [])
    atoll("lag", *pair, "5s", "--prefix", "hand/", "--rule", "to-target")
    atoll("lag", *pair, "2m", "--prefix", "hand/", "--rule", "to-target")
    told = atoll("lag")
    check("a lag of a prefix is shown below its link", "rule to-target, prefix hand/: fixed(2m)" in told, told)
    S3.put_object(Bucket="source", Key="hand/0", Body=b"x")
    atoll("clock", "advance", "1m")
    equal("it holds for its copies", copies("--bucket", "source", "--rule", "to-target", "--state", "pending"), ["hand/0"])
    equal("a rule that queued nothing", copies("--rule", "to-third"), [])
    equal("a destination that gets nothing", copies("--destination", "third"), [])
    atoll("clock", "advance", "1m")
    atoll("lag", *pair, "none", "--prefix", "hand/", "--rule", "to-target")
    now = [each for each in json.loads(atoll("lag", "--json"))["links"] if each["from"] == pair[0] and each["to"] == pair[1]]
    equal("none takes it back", now[0].get("overrides", []), before)
    atoll("replication", "hold", *pair)
    version = {key: S3.put_object(Bucket="source", Key=key, Body=b"x")["VersionId"]
               for key in ("hand/1", "hand/2", "hand/3")}
    atoll("clock", "advance", "1m")
    equal("copies are held", copies(*pair, "--state", "held", "--key", "hand/"), sorted(version))
    atoll("replication", "release", "--version", version["hand/3"])
    check("the last may go first", "hand/3" in objects("target") and "hand/1" not in objects("target"))
    atoll("replication", "drop", "--bucket", "source", "--key", "hand/1", "--reason", "DstObjectHardDeleted")
    status = [S3.head_object(Bucket="source", Key=key)["ReplicationStatus"] for key in sorted(version)]
    equal("dropped, held and released", status, ["FAILED", "PENDING", "COMPLETED"])
    atoll("replication", "release", *pair)
    atoll("replication", "retry", "--key", "hand/1")
    status = [S3.head_object(Bucket="source", Key=key)["ReplicationStatus"] for key in sorted(version)]
    equal("a retry brings what was dropped", status, ["COMPLETED"] * 3)
    told = json.loads(atoll("partition", *pair[:1], "/", pair[1], "--one-way", "--json"))
    equal("a partition may be of one way", told["cut"], 1)
    atoll("heal")


if sys.argv[1] == "before":
    world()
    refusals()
    confirmed()
    from_csv()
    replicas()
    cancelled_and_listed()
    source_goes()
    with_the_command_line()
else:
    after()
    slow_prefix()
    by_hand()
finish()
