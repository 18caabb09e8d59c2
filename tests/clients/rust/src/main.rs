//! The AWS SDK for Rust: the same of a bucket by endpoint and of an access point by its ARN, then S3
//! Control and CloudWatch. Nothing here knows of atoll: the SDK takes its proxy from the environment,
//! and its CA from SSL_CERT_FILE.
//!
//! usage: client-test FILE ARN; prints "ok ..." and "FAIL ..." lines and "N passed, N failed".

mod control;
mod everyday;

use aws_config::BehaviorVersion;
use std::error::Error;
use std::fmt::Debug;

pub type Outcome = Result<(), Box<dyn Error>>;

pub const ACCOUNT: &str = "123456789012";

#[derive(Default)]
pub struct Checks {
    passed: u32,
    failed: u32,
}

impl Checks {
    pub fn note(&mut self, what: &str, outcome: Outcome) {
        if let Err(error) = outcome {
            self.failed += 1;
            println!("FAIL  rust: {what} ({error:?})");
        } else {
            self.passed += 1;
            println!("ok    rust: {what}");
        }
    }
}

pub fn equal<T: Debug + PartialEq>(got: T, want: T) -> Outcome {
    if got == want {
        return Ok(());
    }
    Err(format!("got {got:?}, want {want:?}").into())
}

/// The call ends with this code of AWS's.
pub fn refused<T, E>(call: Result<T, E>, code: &str) -> Outcome
where
    E: aws_sdk_s3::error::ProvideErrorMetadata,
{
    equal(call.err().and_then(|error| error.code().map(str::to_owned)), Some(code.to_owned()))
}

/// Asks for a URL, as a browser would.
pub async fn curl(arguments: &[&str]) -> Result<String, Box<dyn Error>> {
    let out = tokio::process::Command::new("curl")
        .args(["-s", "--path-as-is", "-w", " %{http_code}"])
        .args(arguments)
        .env("CURL_CA_BUNDLE", std::env::var("SSL_CERT_FILE")?)
        .output()
        .await?;
    Ok(String::from_utf8(out.stdout)?)
}

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let file = std::fs::read(&arguments[1]).expect("FILE");
    let config = aws_config::load_defaults(BehaviorVersion::latest()).await;
    let server = std::env::var("ATOLL_SERVER").expect("ATOLL_SERVER");
    let direct = aws_sdk_s3::Client::from_conf(
        aws_sdk_s3::config::Builder::from(&config).endpoint_url(&server).force_path_style(true).build(),
    );
    let through = aws_sdk_s3::Client::new(&config);
    let mut checks = Checks::default();

    let made = direct.create_bucket().bucket("rust-daily").send().await;
    checks.note("CreateBucket", made.map(|_| ()).map_err(Into::into));
    everyday::all(&mut checks, &direct, "rust-daily", &file).await;
    everyday::all(&mut checks, &through, &arguments[2], &file).await;
    everyday::bucket_only(&mut checks, &direct).await;
    checks.note("SlowDown twice, then well: one invocation of three attempts", everyday::retried(&direct, &server).await);
    control::all(&mut checks, &config, &through, &arguments[2]).await;
    println!("{} passed, {} failed", checks.passed, checks.failed);
    std::process::exit(i32::from(checks.failed > 0));
}
