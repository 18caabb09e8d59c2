"""Jobs of S3 Batch Replication that go wrong, or bring long lists: inventory manifests, filters by
encryption, roles, cancelling, the threshold of failures."""
import csv
import gzip
import hashlib
import io
import json
import urllib.request

from checks import ACCOUNT, SERVER, atoll, check, client, equal, finish, refused

S3, CONTROL, IAM = client("s3"), client("s3control"), client("iam")
EU = client("s3", region="eu-west-1")
KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"
TRUST = {"Version": "2012-10-17", "Statement": [{
    "Effect": "Allow", "Principal": {"Service": "batchoperations.s3.amazonaws.com"},
    "Action": "sts:AssumeRole"}]}


def bucket(name, region="us-east-1"):
    made = client("s3", region=region)
    where = {} if region == "us-east-1" else {
        "CreateBucketConfiguration": {"LocationConstraint": region}}
    made.create_bucket(Bucket=name, **where)
    made.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})


def replicate(source, target):
    S3.put_bucket_replication(Bucket=source, ReplicationConfiguration={
        "Role": f"arn:aws:iam::{ACCOUNT}:role/replication",
        "Rules": [{"ID": "all", "Priority": 1, "Status": "Enabled", "Filter": {"Prefix": ""},
                   "SourceSelectionCriteria": {"SseKmsEncryptedObjects": {"Status": "Enabled"}},
                   "DeleteMarkerReplication": {"Status": "Disabled"},
                   "Destination": {"Bucket": f"arn:aws:s3:::{target}",
                                   "EncryptionConfiguration": {"ReplicaKmsKeyID": KEY.replace(
                                       "us-east-1", "eu-west-1")}}}]})


def generator(source, **filters):
    return {"S3JobManifestGenerator": {"SourceBucket": f"arn:aws:s3:::{source}",
                                       "EnableManifestOutput": False, "Filter": filters}}


def manifest(key, text, inventory=False):
    etag = S3.put_object(Bucket="job-lists", Key=key, Body=text)["ETag"]
    spec = {"Format": "S3InventoryReport_CSV_20161130"} if inventory else {
        "Format": "S3BatchOperations_CSV_20180820", "Fields": ["Bucket", "Key"]}
    return {"Spec": spec, "Location": {"ObjectArn": f"arn:aws:s3:::job-lists/{key}", "ETag": etag}}


def create(token, **more):
    report = {"Bucket": "arn:aws:s3:::job-lists", "Format": "Report_CSV_20180820", "Enabled": True,
              "ReportScope": "AllTasks"}
    asked = {"AccountId": ACCOUNT, "Operation": {"S3ReplicateObject": {}}, "Report": report,
             "ClientRequestToken": token, "Priority": 10, "ConfirmationRequired": False,
             "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/undeclared", **more}
    return CONTROL.create_job(**asked)["JobId"]


def describe(job):
    return CONTROL.describe_job(AccountId=ACCOUNT, JobId=job)["Job"]


def state(job):
    told = describe(job)
    summary = told["ProgressSummary"]
    return (told["Status"], summary["TotalNumberOfTasks"], summary["NumberOfTasksSucceeded"],
            summary["NumberOfTasksFailed"])


def failure(job):
    told = describe(job)
    reasons = told.get("FailureReasons", [{"FailureCode": told["Status"], "FailureReason": ""}])
    return reasons[0]["FailureCode"], reasons[0]["FailureReason"]


def report_of(job):
    told = json.load(S3.get_object(Bucket="job-lists", Key=f"job-{job}/manifest.json")["Body"])
    rows = []
    for result in told["Results"]:
        body = S3.get_object(Bucket=result["Bucket"], Key=result["Key"])["Body"].read()
        equal("a results file has the MD5 that the report says", hashlib.md5(body).hexdigest(),
              result["MD5Checksum"])
        rows += list(csv.reader(io.StringIO(body.decode())))
    return rows


def keys(name, region="us-east-1"):
    made = client("s3", region=region)
    return sorted(o["Key"] for o in made.list_objects_v2(Bucket=name).get("Contents", []))


def inventory_index(schema, *files, **more):
    return json.dumps({
        "sourceBucket": "job-source", "destinationBucket": "arn:aws:s3:::job-lists",
        "version": "2016-11-30", "creationTimestamp": "1514944800000", "fileFormat": "CSV",
        "fileSchema": schema, **more,
        "files": [{"key": key, "size": len(body), "MD5checksum": hashlib.md5(body).hexdigest()}
                  for key, body in files]})


def inventory():
    """S3 Inventory's own files: gzip'd CSV, with more columns than a job wants."""
    rows = [("job-source", o["Key"], o["VersionId"], "true", "false", str(o["Size"]))
            for o in S3.list_object_versions(Bucket="job-source")["Versions"]]
    schema = "Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size"
    files = []
    for i, part in enumerate((rows[:2], rows[2:])):
        text = "".join(",".join(f'"{value}"' for value in row) + "\n" for row in part)
        files.append((f"inv/data/{i}.csv.gz", gzip.compress(text.encode())))
        S3.put_object(Bucket="job-lists", Key=files[i][0], Body=files[i][1])
    good = manifest("inv/manifest.json", inventory_index(schema, *files), True)
    job = create("inventory", Manifest=good)
    atoll("clock", "advance", "20s")
    equal("an inventory's job copies what both files list", (state(job), keys("job-target", "eu-west-1")),
          (("Complete", 4, 4, 0), ["a", "b", "kms", "ssec"]))
    equal("the format comes back", describe(job)["Manifest"]["Spec"],
          {"Format": "S3InventoryReport_CSV_20161130"})
    bad = {
        "ORC": inventory_index(schema, *files, fileFormat="ORC"),
        "no bucket": inventory_index("Key, VersionId", *files),
        "no index": "hello",
        "a list": "[]",
        "missing file": inventory_index(schema, ("inv/none.csv.gz", b"")),
        "another MD5": inventory_index(schema, (files[0][0], b"changed")),
        "no file": inventory_index(schema),
    }
    S3.put_object(Bucket="job-lists", Key="inv/plain.csv", Body=b"job-source,a\n")
    bad["not compressed"] = inventory_index(schema, ("inv/plain.csv", b"job-source,a\n"))
    jobs = {what: create(f"inv {what}", Manifest=manifest(f"inv/{what}.json", text, True))
            for what, text in bad.items()}
    atoll("clock", "advance", "2s")
    equal("other reports are no manifests", {what: failure(job)[0] for what, job in jobs.items()},
          {what: "InvalidManifest" for what in jobs})
    check("and say what is wrong", "MD5" in failure(jobs["another MD5"])[1] and
          "gzip" in failure(jobs["not compressed"])[1] and
          "inv/none.csv.gz" in failure(jobs["missing file"])[1], failure(jobs["missing file"]))


def filters():
    """Generated manifests by encryption, storage class, size, time and name. Debian's boto3 does not
    know all of them, so they are put into the body that it made."""
    encryption = "<MatchAnyObjectEncryption><ObjectEncryption>{}</ObjectEncryption></MatchAnyObjectEncryption>"
    names = "<KeyNameConstraint>{}</KeyNameConstraint>"
    cases = {
        encryption.format("<SSE-S3/>"): 2,
        encryption.format("<SSE-KMS/>"): 1,
        encryption.format(f"<SSE-KMS><KmsKeyArn>{KEY}</KmsKeyArn></SSE-KMS>"): 1,
        encryption.format(f"<SSE-KMS><KmsKeyArn>{KEY[:-1]}0</KmsKeyArn></SSE-KMS>"): 0,
        encryption.format("<SSE-KMS><BucketKeyEnabled>true</BucketKeyEnabled></SSE-KMS>"): 1,
        encryption.format("<SSE-KMS><BucketKeyEnabled>false</BucketKeyEnabled></SSE-KMS>"): 0,
        encryption.format("<DSSE-KMS/>"): 0,
        encryption.format("<SSE-C/>"): 1,
        encryption.format("<NOT-SSE/>"): 0,
        "<MatchAnyStorageClass><member>STANDARD_IA</member><member>GLACIER</member></MatchAnyStorageClass>": 1,
        "<ObjectSizeGreaterThanBytes>2</ObjectSizeGreaterThanBytes>": 2,
        "<ObjectSizeLessThanBytes>3</ObjectSizeLessThanBytes>": 2,
        "<CreatedAfter>2100-01-01T00:00:00Z</CreatedAfter>": 0,
        "<CreatedBefore>2100-01-01T00:00:00Z</CreatedBefore>": 4,
        names.format("<MatchAnyPrefix><member>a</member><member>k</member></MatchAnyPrefix>"): 2,
        names.format("<MatchAnySuffix><member>s</member><member>c</member></MatchAnySuffix>"
                     "<MatchAnySubstring><member>m</member></MatchAnySubstring>"): 1,
    }
    refusals = {
        encryption.format("<SSE-X/>"): "SSE-KMS",
        encryption.format("<SSE-C/><SSE-S3/>"): "one kind",
        encryption.format("<SSE-KMS><KmsKeyArn>key</KmsKeyArn></SSE-KMS>"): "ARN",
        "<MatchAnyStorageClass><member>COLD</member></MatchAnyStorageClass>": "storage class",
        "<ObjectSizeLessThanBytes>few</ObjectSizeLessThanBytes>": "bytes",
        "<CreatedAfter>yesterday</CreatedAfter>": "CreatedAfter",
        names.format("<MatchAnyPrefix><member></member></MatchAnyPrefix>"): "characters",
    }
    wanted = {"text": ""}

    def put_in(params, **_):
        params["body"] = params["body"].replace(b"</EligibleForReplication>",
                                                b"</EligibleForReplication>" + wanted["text"].encode())
    CONTROL.meta.events.register("before-call.s3-control.CreateJob", put_in)
    jobs = {}
    for i, wanted["text"] in enumerate(cases):
        jobs[wanted["text"]] = create(f"filter {i}", ConfirmationRequired=True,
                                      ManifestGenerator=generator("job-source", EligibleForReplication=True))
    for wanted["text"], words in refusals.items():
        refused(f"{wanted['text']} is refused", "InvalidRequest", words, create, token="filter",
                ManifestGenerator=generator("job-source", EligibleForReplication=True))
    CONTROL.meta.events.unregister("before-call.s3-control.CreateJob", put_in)
    atoll("clock", "advance", "2s")
    equal("each filter finds its own", {what: state(job)[1] for what, job in jobs.items()}, cases)
    for job in jobs.values():
        if describe(job)["Status"] == "Suspended":
            CONTROL.update_job_status(AccountId=ACCOUNT, JobId=job, RequestedJobStatus="Cancelled")


def threshold():
    """AWS ends a job when more than half of at least 1,000 tasks failed."""
    absent = [f"job-source,absent-{i}\n" for i in range(2500)]
    over = create("over", Manifest=manifest("over.csv", "".join(absent) + "job-source,a\n"))
    under = create("under", Manifest=manifest("under.csv", "job-source,a\n" * 600 + "".join(absent[:590])))
    atoll("clock", "advance", "2s")
    equal("a job that mostly fails is stopped after 1,000 tasks", (state(over), failure(over)[0]),
          (("Failed", 2501, 0, 1000), "FailureRateExceeded"))
    equal("its report has what was tried", len(report_of(over)), 1000)
    few = create("few", Manifest=manifest("few.csv", "".join(absent[:900])))
    atoll("clock", "advance", "20s")
    equal("below 1,000 tasks none is stopped", state(few)[0], "Complete")
    equal("nor at half", state(under), ("Complete", 1190, 600, 590))


def cancelled():
    """What was submitted goes on; nothing more is, and the report tells what was done."""
    job = create("cancelled", Manifest=manifest("two.csv", "job-source,a\njob-source,b\n"))
    atoll("clock", "advance", "5s")
    equal("it is Active", state(job), ("Active", 2, 0, 0))
    told = CONTROL.update_job_status(AccountId=ACCOUNT, JobId=job, RequestedJobStatus="Cancelled",
                                     StatusUpdateReason="enough")
    equal("it is Cancelling while its copies travel", (told["Status"], told["StatusUpdateReason"]),
          ("Cancelling", "enough"))
    check("it has not ended", "TerminationDate" not in describe(job))
    refused("it cannot be cancelled twice", "JobStatusException", "Cancelling",
            CONTROL.update_job_status, AccountId=ACCOUNT, JobId=job,
            RequestedJobStatus="Cancelled")
    atoll("clock", "advance", "20s")
    equal("then it is Cancelled", (state(job), "TerminationDate" in describe(job)),
          (("Cancelled", 2, 2, 0), True))
    equal("with a report", sorted(row[1] for row in report_of(job)), ["a", "b"])
    refused("the priority of one that ended stays", "JobStatusException", "ended",
            CONTROL.update_job_priority, AccountId=ACCOUNT, JobId=job, Priority=1)


def together():
    """A job whose copies others had queued ends when these have arrived, not before."""
    S3.put_object(Bucket="job-source", Key="live", Body=b"x")
    text = "".join(f"job-source,{key}\n" for key in ("a", "b", "live"))
    first = create("first", Manifest=manifest("three.csv", text))
    atoll("clock", "advance", "5s")
    second = create("second", Manifest=manifest("three.csv", text))
    atoll("clock", "advance", "12s")
    equal("the first has its copies", state(first)[0], "Complete")
    equal("and so has the second, which queued none", state(second)[0], "Complete")
    third = create("third", Manifest=manifest("three.csv", text))
    atoll("clock", "advance", "5s")
    fourth = create("fourth", Manifest=manifest("three.csv", text))
    atoll("clock", "advance", "5s")
    equal("while they are on their way both are Active", (state(third)[0], state(fourth)[0]), ("Active", "Active"))
    atoll("clock", "advance", "6s")
    equal("and both end with them", (state(third), state(fourth)), (("Complete", 3, 3, 0), ("Complete", 3, 3, 0)))
    S3.put_object(Bucket="job-source", Key="live", Body=b"y")
    live = create("live", Manifest=manifest("one.csv", "job-source,live\n"))
    atoll("clock", "advance", "10s")
    equal("a job waits for live copies too", state(live)[0], "Active")
    atoll("replication", "drop")
    atoll("clock", "advance", "1s")
    equal("also for those that are dropped", state(live)[0], "Complete")


def restored():
    """A snapshot in mid-job: restored, the job goes on from there, and again to its end."""
    job = create("restored", Manifest=manifest("two.csv", "job-source,a\njob-source,b\n"))
    atoll("clock", "advance", "5s")
    equal("it is Active", state(job), ("Active", 2, 0, 0))
    atoll("snapshot", "mid-job")
    atoll("clock", "advance", "20s")
    equal("it ends", state(job), ("Complete", 2, 2, 0))
    atoll("restore", "mid-job")
    equal("restored, it is Active again", state(job), ("Active", 2, 0, 0))
    atoll("clock", "advance", "20s")
    equal("and ends again", state(job), ("Complete", 2, 2, 0))
    equal("with its report", sorted(row[1] for row in report_of(job)), ["a", "b"])
    unprepared = create("unprepared", Manifest=manifest("two.csv", "job-source,a\njob-source,b\n"))
    atoll("snapshot", "mid-job")
    atoll("clock", "advance", "30s")
    atoll("restore", "mid-job")
    equal("one that was New is New", state(unprepared)[0], "New")
    atoll("clock", "advance", "30s")
    equal("and ends", state(unprepared), ("Complete", 2, 2, 0))


def forgotten():
    """What ended more than 90 days ago is gone; its token makes a new job."""
    text = "job-source,a\n"
    job = create("forgotten", Manifest=manifest("one.csv", text))
    atoll("clock", "advance", "30s")
    atoll("clock", "advance", "89d")
    listed = [each["JobId"] for each in CONTROL.list_jobs(AccountId=ACCOUNT)["Jobs"]]
    equal("after 89 days it is listed", job in listed, True)
    atoll("clock", "advance", "2d")
    equal("after 91 none is", CONTROL.list_jobs(AccountId=ACCOUNT)["Jobs"], [])
    refused("nor described", "NoSuchJobException", "", CONTROL.describe_job, AccountId=ACCOUNT, JobId=job)
    again = create("forgotten", Manifest=manifest("one.csv", text))
    check("its token makes another job", again != job, again)
    atoll("clock", "advance", "30s")
    equal("which ends", state(again), ("Complete", 1, 1, 0))


def seen():
    """`atoll status` shows how far a job is, and each new status is an event."""
    job = create("seen", Manifest=manifest("two.csv", "job-source,a\njob-source,b\n"))
    atoll("clock", "advance", "5s")
    listed = json.loads(atoll("status", "--json"))["jobs"]
    equal("atoll status has the job", [each for each in listed if each["id"] == job],
          [{"id": job, "status": "Active", "priority": 10, "bucket": "job-source", "tasks": 2, "begun": 2}])
    check("and prints it", f"{job}  Active     2 of 2 tasks begun, job-source" in atoll("status"), atoll("status"))
    atoll("clock", "advance", "20s")
    ask = urllib.request.Request(SERVER + "/_atoll/v1/events?types=job", headers={
        "Accept": "application/x-ndjson", "Last-Event-ID": "0"})
    mine = []
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(ask, timeout=10) as stream:
        while "Complete" not in mine:
            event = json.loads(stream.readline())
            if event["reason"] == job:
                mine.append(event["detail"].split(",")[0])
    equal("its events", mine, ["New", "Preparing", "Ready", "Active", "Completing", "Complete"])
    equal("what has ended is not in the status", json.loads(atoll("status", "--json"))["jobs"], [])


def grant(*statements):
    IAM.put_role_policy(RoleName="jobs", PolicyName="p", PolicyDocument=json.dumps({
        "Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": action, "Resource": f"arn:aws:s3:::{resource}"}
            for action, resource in statements]}))


def roles():
    """A declared role needs its trust policy and each permission; what it lacks is named."""
    role = {"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/jobs"}
    IAM.create_role(RoleName="jobs", AssumeRolePolicyDocument=json.dumps(TRUST).replace(
        "batchoperations.s3", "s3"))
    two = manifest("two.csv", "job-source,a\njob-source,b\n")
    needs = [("s3:GetObject", "job-lists/two.csv"), ("s3:PutObject", "job-lists/job-*"),
             ("s3:InitiateReplication", "job-source/*")]
    grant(*needs)
    untrusted = create("untrusted", Manifest=two, **role)
    atoll("clock", "advance", "2s")
    equal("a role that another service may assume", failure(untrusted)[0], "AssumeRoleNotPermitted")
    check("the trust policy is named", "batchoperations.s3.amazonaws.com" in failure(untrusted)[1])
    IAM.update_assume_role_policy(RoleName="jobs", PolicyDocument=json.dumps(TRUST))
    for left in needs[:2]:
        grant(*[need for need in needs if need != left])
        job = create(f"without {left[0]}", Manifest=two, **role)
        atoll("clock", "advance", "2s")
        equal(f"without {left[0]}", (failure(job)[0], left[0] in failure(job)[1]),
              ("AccessDenied", True))
    for action in ("s3:GetReplicationConfiguration", "s3:PutInventoryConfiguration"):
        both = ["s3:GetReplicationConfiguration", "s3:PutInventoryConfiguration"]
        both.remove(action)
        grant((both[0], "job-source"), *needs)
        job = create(f"without {action}", ManifestGenerator=generator("job-source"), **role)
        atoll("clock", "advance", "2s")
        equal(f"a generated manifest without {action}", (failure(job)[0], action in failure(job)[1]),
              ("AccessDenied", True))
    grant(*needs[:2], ("s3:InitiateReplication", "job-source/a"))
    job = create("one of two", Manifest=two, **role)
    atoll("clock", "advance", "20s")
    equal("a task that it may not begin fails", (state(job), sorted(row[1:5:3] for row in report_of(job))),
          (("Complete", 2, 1, 1), [["a", ""], ["b", "InitiateReplicationNotPermitted"]]))
    stranger = generator("job-source")
    stranger["S3JobManifestGenerator"]["ExpectedBucketOwner"] = "210987654321"
    job = create("owner", ManifestGenerator=stranger)
    atoll("clock", "advance", "2s")
    equal("another owner than expected", (failure(job)[0], "owner" in failure(job)[1]),
          ("AccessDenied", True))


bucket("job-source")
bucket("job-target", "eu-west-1")
bucket("job-lists")
S3.put_object(Bucket="job-source", Key="a", Body=b"1")
S3.put_object(Bucket="job-source", Key="b", Body=b"12", StorageClass="STANDARD_IA")
S3.put_object(Bucket="job-source", Key="kms", Body=b"123", ServerSideEncryption="aws:kms",
              SSEKMSKeyId=KEY, BucketKeyEnabled=True)
S3.put_object(Bucket="job-source", Key="ssec", Body=b"1234", SSECustomerAlgorithm="AES256",
              SSECustomerKey="k" * 32)
replicate("job-source", "job-target")
inventory()
filters()
threshold()
cancelled()
together()
seen()
restored()
roles()
forgotten()
finish()
