//! What an application asks of a bucket every day.

use crate::{curl, equal, refused, Checks, Outcome};
use aws_sdk_s3::config::{Config, RequestChecksumCalculation};
use aws_sdk_s3::operation::get_object::GetObjectError;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{
    BucketVersioningStatus, ChecksumAlgorithm, ChecksumMode, CompletedMultipartUpload, CompletedPart, Delete,
    DeleteMarkerReplication, DeleteMarkerReplicationStatus, Destination, ObjectIdentifier, ReplicationConfiguration,
    ReplicationRule, ReplicationRuleFilter, ReplicationRuleStatus, VersioningConfiguration,
};
use aws_sdk_s3::Client;
use std::time::Duration;

const KEYS: [&str; 15] = [
    "a b", "a+b", "a//b", "/lead", "ü/日本", "100%", "%2F", "a&b=c?d#e", "q'\"<>", "t~*()!$,;:@", "trail/", "./x",
    "a/../b", "\u{1f600}", "a\\b",
];

type Text = Result<String, Box<dyn std::error::Error>>;

async fn get(s3: &Client, bucket: &str, key: &str) -> Text {
    let out = s3.get_object().bucket(bucket).key(key).send().await?;
    Ok(String::from_utf8(out.body.collect().await?.to_vec())?)
}

async fn put(s3: &Client, bucket: &str, key: &str, body: &str) -> Outcome {
    let body = ByteStream::from(body.as_bytes().to_vec());
    s3.put_object().bucket(bucket).key(key).body(body).send().await?;
    Ok(())
}

async fn a_key(s3: &Client, bucket: &str, name: &str) -> Outcome {
    let key = format!("keys/{name}");
    let soon = PresigningConfig::expires_in(Duration::from_secs(300))?;
    put(s3, bucket, &key, name).await?;
    equal(get(s3, bucket, &key).await?, name.to_owned())?;
    let read = s3.get_object().bucket(bucket).key(&key).presigned(soon.clone()).await?;
    equal(curl(&[read.uri()]).await?, format!("{name} 200"))?;
    let write = s3.put_object().bucket(bucket).key(&key).presigned(soon).await?;
    equal(curl(&["-X", "PUT", "--data-binary", "by url", "-H", "Content-Type:", write.uri()]).await?, " 200".into())?;
    equal(get(s3, bucket, &key).await?, "by url".to_owned())
}

async fn listed(s3: &Client, bucket: &str) -> Outcome {
    let mut pages = s3.list_objects_v2().bucket(bucket).prefix("keys/").max_keys(4).into_paginator().send();
    let mut seen = Vec::new();
    while let Some(page) = pages.next().await {
        seen.extend(page?.contents().iter().filter_map(|object| object.key().map(|key| key[5..].to_owned())));
    }
    let mut want = KEYS.map(str::to_owned).to_vec();
    want.sort();
    equal(seen, want)
}

async fn checksum(s3: &Client, bucket: &str, algorithm: ChecksumAlgorithm) -> Outcome {
    let body = ByteStream::from_static(b"body");
    s3.put_object().bucket(bucket).key("sum").body(body).checksum_algorithm(algorithm).send().await?;
    let got = s3.get_object().bucket(bucket).key("sum").checksum_mode(ChecksumMode::Enabled).send().await?;
    equal(got.body.collect().await?.to_vec(), b"body".to_vec())
}

/// A file is streamed, in aws-chunked with a trailer. Through an ARN the SDK writes the frames too, but
/// signs UNSIGNED-PAYLOAD, which says that there are none: there it must be told to send no trailer.
async fn streamed(s3: &Client, bucket: &str, file: &[u8]) -> Outcome {
    let path = std::env::temp_dir().join("streamed");
    tokio::fs::write(&path, file).await?;
    let call = s3.put_object().bucket(bucket).key("streamed").body(ByteStream::from_path(&path).await?);
    if bucket.starts_with("arn:") {
        refused(call.send().await, "BadDigest")?;
        let plain = Config::builder().request_checksum_calculation(RequestChecksumCalculation::WhenRequired);
        let call = s3.put_object().bucket(bucket).key("streamed").body(ByteStream::from_path(&path).await?);
        call.customize().config_override(plain).send().await?;
    } else {
        call.send().await?;
    }
    let out = s3.get_object().bucket(bucket).key("streamed").send().await?;
    equal(out.checksum_crc32().is_some(), !bucket.starts_with("arn:"))?;
    equal(out.body.collect().await?.to_vec(), file.to_vec())?;
    let out = s3.get_object().bucket(bucket).key("streamed").range("bytes=100-").send().await?;
    equal(out.body.collect().await?.to_vec(), file[100..].to_vec())
}

async fn conditions(s3: &Client, bucket: &str) -> Outcome {
    put(s3, bucket, "c", "1").await?;
    let tag = s3.head_object().bucket(bucket).key("c").send().await?.e_tag().map(str::to_owned);
    refused(s3.put_object().bucket(bucket).key("c").if_none_match("*").send().await, "PreconditionFailed")?;
    refused(s3.put_object().bucket(bucket).key("c").if_match("\"no\"").send().await, "PreconditionFailed")?;
    s3.put_object().bucket(bucket).key("c").set_if_match(tag).send().await?;
    Ok(())
}

async fn errors(s3: &Client, bucket: &str) -> Outcome {
    let missing = s3.get_object().bucket(bucket).key("missing").send().await;
    equal(matches!(missing.map_err(|e| e.into_service_error()), Err(GetObjectError::NoSuchKey(_))), true)?;
    let head = s3.head_object().bucket(bucket).key("missing").send().await;
    equal(head.is_err_and(|error| error.into_service_error().is_not_found()), true)
}

async fn multipart(s3: &Client, bucket: &str) -> Outcome {
    let upload = s3
        .create_multipart_upload()
        .bucket(bucket)
        .key("parts")
        .checksum_algorithm(ChecksumAlgorithm::Crc32)
        .send()
        .await?;
    let id = upload.upload_id().unwrap_or_default();
    let mut parts = Vec::new();
    for number in 1..=2 {
        let body = ByteStream::from(vec![b'x'; 5 << 20]);
        let call = s3.upload_part().bucket(bucket).key("parts").upload_id(id).part_number(number).body(body);
        let done = call.checksum_algorithm(ChecksumAlgorithm::Crc32).send().await?;
        let part = CompletedPart::builder().part_number(number).set_e_tag(done.e_tag().map(str::to_owned));
        parts.push(part.set_checksum_crc32(done.checksum_crc32().map(str::to_owned)).build());
    }
    let all = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
    let call = s3.complete_multipart_upload().bucket(bucket).key("parts").upload_id(id);
    let done = call.multipart_upload(all).send().await?;
    equal(done.e_tag().is_some_and(|tag| tag.ends_with("-2\"")), true)?;
    let head = s3.head_object().bucket(bucket).key("parts").send().await?;
    equal(head.content_length(), Some(10 << 20))?;
    let again = s3.abort_multipart_upload().bucket(bucket).key("parts").upload_id(id).send().await;
    refused(again, "NoSuchUpload")
}

async fn deleted(s3: &Client, bucket: &str) -> Outcome {
    s3.delete_object().bucket(bucket).key("c").send().await?;
    refused(s3.get_object().bucket(bucket).key("c").send().await, "NoSuchKey")
}

pub async fn all(checks: &mut Checks, s3: &Client, bucket: &str, file: &[u8]) {
    for name in KEYS {
        checks.note(&format!("{bucket}: the key {name}, and presigned"), a_key(s3, bucket, name).await);
    }
    checks.note(&format!("{bucket}: the keys, page by page"), listed(s3, bucket).await);
    for algorithm in ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"] {
        let outcome = checksum(s3, bucket, algorithm.into()).await;
        checks.note(&format!("{bucket}: {algorithm} kept and verified"), outcome);
    }
    checks.note(&format!("{bucket}: a file, and the rest of it"), streamed(s3, bucket, file).await);
    checks.note(&format!("{bucket}: conditions"), conditions(s3, bucket).await);
    checks.note(&format!("{bucket}: typed errors"), errors(s3, bucket).await);
    checks.note(&format!("{bucket}: a multipart upload"), multipart(s3, bucket).await);
    checks.note(&format!("{bucket}: a delete"), deleted(s3, bucket).await);
}

async fn many_deleted(s3: &Client) -> Outcome {
    let keys = KEYS.map(|name| ObjectIdentifier::builder().key(format!("keys/{name}")).build());
    let keys = keys.into_iter().collect::<Result<Vec<_>, _>>()?;
    let count = keys.len();
    let delete = Delete::builder().set_objects(Some(keys)).build()?;
    let gone = s3.delete_objects().bucket("rust-daily").delete(delete).send().await?;
    equal((gone.deleted().len(), gone.errors().len()), (count, 0))
}

async fn versions(s3: &Client) -> Outcome {
    let enabled = VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
    s3.put_bucket_versioning().bucket("rust-daily").versioning_configuration(enabled).send().await?;
    let body = ByteStream::from_static(b"1");
    let first = s3.put_object().bucket("rust-daily").key("v").body(body).send().await?;
    let marker = s3.delete_object().bucket("rust-daily").key("v").send().await?;
    equal(marker.delete_marker(), Some(true))?;
    let call = s3.get_object().bucket("rust-daily").key("v").set_version_id(first.version_id().map(str::to_owned));
    equal(call.send().await?.body.collect().await?.to_vec(), b"1".to_vec())
}

async fn replication(s3: &Client) -> Outcome {
    let destination = Destination::builder().bucket("arn:aws:s3:::my-app-data-eu-west-1").build()?;
    let markers = DeleteMarkerReplication::builder().status(DeleteMarkerReplicationStatus::Disabled).build();
    let rule = ReplicationRule::builder()
        .id("all")
        .priority(1)
        .status(ReplicationRuleStatus::Enabled)
        .filter(ReplicationRuleFilter::builder().prefix("").build())
        .delete_marker_replication(markers)
        .destination(destination)
        .build()?;
    let role = "arn:aws:iam::123456789012:role/replication";
    let rules = ReplicationConfiguration::builder().role(role).rules(rule).build()?;
    s3.put_bucket_replication().bucket("rust-daily").replication_configuration(rules.clone()).send().await?;
    let got = s3.get_bucket_replication().bucket("rust-daily").send().await?;
    equal(got.replication_configuration().cloned(), Some(rules))?;
    s3.delete_bucket_replication().bucket("rust-daily").send().await?;
    let gone = s3.get_bucket_replication().bucket("rust-daily").send().await;
    refused(gone, "ReplicationConfigurationNotFoundError")
}

pub async fn bucket_only(checks: &mut Checks, s3: &Client) {
    checks.note("DeleteObjects of every key", many_deleted(s3).await);
    checks.note("versions: a marker, the version before it", versions(s3).await);
    checks.note("a rule of replication, put and got", replication(s3).await);
}

pub async fn retried(s3: &Client, server: &str) -> Outcome {
    let fault = format!("{server}/_atoll/v1/faults/slow");
    let rule = r#"{"match": {"api": "PutObject", "attempt": "<=2"}, "error": "503:SlowDown"}"#;
    let json = "Content-Type: application/json";
    let set = curl(&["-X", "PUT", "-H", json, "-d", rule, &fault]).await?;
    equal(set.ends_with(" 200"), true)?;
    put(s3, "rust-daily", "slow", "slow").await?;
    curl(&["-X", "DELETE", "-H", json, &fault]).await?;
    let seen = curl(&[&format!("{server}/_atoll/v1/requests?limit=3")]).await?;
    equal(seen.matches("\"SlowDown\"").count(), 2)
}
