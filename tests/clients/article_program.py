import boto3

s3_client = boto3.client('s3')

# The MRAP alias - found in the console or describe output
mrap_arn = "arn:aws:s3::123456789012:accesspoint/my-global-access-point.mrap"

# Upload an object through the MRAP
# AWS routes this to the closest bucket automatically
s3_client.put_object(
    Bucket=mrap_arn,
    Key="assets/logo.png",
    Body=open("logo.png", "rb")
)

# Download through the MRAP
# Again, routed to the nearest bucket
response = s3_client.get_object(
    Bucket=mrap_arn,
    Key="assets/logo.png"
)

data = response['Body'].read()
print(f"Downloaded {len(data)} bytes from nearest region")
