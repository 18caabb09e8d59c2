//! S3 Control and CloudWatch: an access point from its request to READY, dials, metrics.

use crate::{equal, Checks, Outcome, ACCOUNT};
use aws_config::{Region, SdkConfig};
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricStat};
use aws_sdk_s3control::types::{CreateMultiRegionAccessPointInput, MultiRegionAccessPointRoute, Region as In};
use aws_sdk_s3control::Client;
use std::time::SystemTime;

async fn created(api: &Client) -> Outcome {
    let bucket = In::builder().bucket("my-app-data-us-east-1").build()?;
    let details = CreateMultiRegionAccessPointInput::builder().name("rust-point").regions(bucket).build()?;
    let call = api.create_multi_region_access_point().account_id(ACCOUNT).details(details).client_token("rust");
    let made = call.send().await?;
    let token = made.request_token_arn().unwrap_or_default();
    let call = api.describe_multi_region_access_point_operation().account_id(ACCOUNT).request_token_arn(token);
    let operation = call.send().await?.async_operation.ok_or("no operation")?;
    equal(operation.request_token_arn(), Some(token))?;
    equal(operation.request_status().is_some(), true)
}

async fn described(api: &Client) -> Outcome {
    let call = api.get_multi_region_access_point().account_id(ACCOUNT).name("my-global-access-point");
    let point = call.send().await?.access_point.ok_or("no access point")?;
    equal((point.status().map(|s| s.as_str()), point.regions().len()), (Some("READY"), 3))?;
    let listed = api.list_multi_region_access_points().account_id(ACCOUNT).send().await?;
    let names: Vec<_> = listed.access_points().iter().filter_map(|point| point.name()).collect();
    equal(names.contains(&"my-global-access-point"), true)
}

async fn turned(api: &Client, arn: &str) -> Outcome {
    let route = |region: &str, dial| {
        let bucket = format!("my-app-data-{region}");
        let route = MultiRegionAccessPointRoute::builder().bucket(bucket).region(region);
        route.traffic_dial_percentage(dial).build()
    };
    let call = api.submit_multi_region_access_point_routes().account_id(ACCOUNT).mrap(arn);
    call.route_updates(route("us-east-1", 0)?).route_updates(route("eu-west-1", 100)?).send().await?;
    let got = api.get_multi_region_access_point_routes().account_id(ACCOUNT).mrap(arn).send().await?;
    equal(got.routes().len(), 3)
}

/// This SDK speaks the protocol of the newest model, which is CBOR.
async fn metrics(config: &SdkConfig) -> Outcome {
    let api = aws_sdk_cloudwatch::Client::new(config);
    let dimension = Dimension::builder().name("BucketName").value("rust-daily").build();
    let all = Dimension::builder().name("StorageType").value("AllStorageTypes").build();
    let metric = Metric::builder().namespace("AWS/S3").metric_name("NumberOfObjects");
    let metric = metric.dimensions(dimension).dimensions(all).build();
    let stat = MetricStat::builder().metric(metric).period(86400).stat("Average").build();
    let query = MetricDataQuery::builder().id("objects").metric_stat(stat).build();
    let now = DateTime::from(SystemTime::now());
    let call = api.get_metric_data().metric_data_queries(query);
    let got = call.start_time(DateTime::from_secs(now.secs() - 172_800)).end_time(now).send().await?;
    equal(got.metric_data_results().first().and_then(|result| result.id()), Some("objects"))?;
    let listed = api.list_metrics().namespace("AWS/S3").send().await?;
    equal(listed.metrics().is_empty(), false)
}

pub async fn all(checks: &mut Checks, config: &SdkConfig, s3: &aws_sdk_s3::Client, arn: &str) {
    let west = aws_sdk_s3control::config::Builder::from(config).region(Region::from_static("us-west-2")).build();
    let api = Client::from_conf(west);
    checks.note("CreateMultiRegionAccessPoint, and its operation", created(&api).await);
    checks.note("GetMultiRegionAccessPoint says READY", described(&api).await);
    checks.note("dials turned", turned(&api, arn).await);
    checks.note("CloudWatch: GetMetricData, ListMetrics", metrics(config).await);
    let buckets = s3.list_buckets().send().await;
    checks.note("ListBuckets", buckets.map(|_| ()).map_err(Into::into));
}
