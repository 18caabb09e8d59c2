// What a Go application asks of S3 every day: the same of a bucket by endpoint and of an access
// point by its ARN, then what only a bucket or only S3 Control has.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	control "github.com/aws/aws-sdk-go-v2/service/s3control/types"
	"github.com/aws/smithy-go"
)

const account, daily = "123456789012", "go-daily"

var unusual = []string{"a b", "a+b", "a//b", "/lead", "ü/日本", "100%", "%2F", "a&b=c?d#e", "q'\"<>",
	"t~*()!$,;:@", "trail/", "./x", "a/../b", "\U0001f600", "a\\b"}

// codeIs: the error is of this type of the SDK's, or has this code.
func codeIs(err error, code string) bool {
	var api smithy.APIError
	return errors.As(err, &api) && api.ErrorCode() == code
}

func text(out *s3.GetObjectOutput, err error) string {
	if err != nil {
		return err.Error()
	}
	got, err := io.ReadAll(out.Body)
	if err != nil {
		return err.Error()
	}
	return string(got)
}

func fetch(browser aws.HTTPClient, signed *v4.PresignedHTTPRequest, body string) string {
	request, err := http.NewRequest(signed.Method, signed.URL, strings.NewReader(body))
	if err != nil {
		return err.Error()
	}
	request.Header = signed.SignedHeader
	answer, err := browser.Do(request)
	if err != nil {
		return err.Error()
	}
	defer answer.Body.Close()
	got, _ := io.ReadAll(answer.Body)
	return fmt.Sprint(answer.StatusCode, " ", string(got))
}

func keysOf(ctx context.Context, c *checks, client *s3.Client, bucket string) {
	presign, browser := s3.NewPresignClient(client), client.Options().HTTPClient
	for _, name := range unusual {
		at := &s3.GetObjectInput{Bucket: &bucket, Key: aws.String("keys/" + name)}
		_, err := client.PutObject(ctx, &s3.PutObjectInput{Bucket: at.Bucket, Key: at.Key,
			Body: strings.NewReader(name)})
		got := text(client.GetObject(ctx, at))
		c.check(fmt.Sprintf("go: %s: the key %q", bucket, name), err, got == name)
		if plain := strings.ReplaceAll(name, "/", ""); bucket != daily && url.QueryEscape(plain) != plain {
			continue // its SigV4A presigner escapes the path twice, which S3 does not
		}
		get, err := presign.PresignGetObject(ctx, at)
		put, err2 := presign.PresignPutObject(ctx, &s3.PutObjectInput{Bucket: at.Bucket, Key: at.Key})
		if err = errors.Join(err, err2); err == nil {
			first, second := fetch(browser, get, ""), fetch(browser, put, "by url")
			at.Range = aws.String("bytes=3-")
			last := text(client.GetObject(ctx, at))
			if first != "200 "+name || second != "200 " || last != "url" {
				err = errors.New(first + second + last)
			}
		}
		c.check(fmt.Sprintf("go: %s: and presigned", bucket), err, true)
	}
	var seen []string
	pages := s3.NewListObjectsV2Paginator(client, &s3.ListObjectsV2Input{Bucket: &bucket,
		Prefix: aws.String("keys/"), MaxKeys: aws.Int32(4)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			c.check("go: a page of the list", err, false)
			return
		}
		for _, object := range page.Contents {
			seen = append(seen, strings.TrimPrefix(*object.Key, "keys/"))
		}
	}
	want := slices.Sorted(slices.Values(unusual))
	c.check("go: "+bucket+": the keys, page by page", nil, slices.Equal(seen, want))
}

func transfer(ctx context.Context, c *checks, client *s3.Client, bucket string) {
	big := bytes.Repeat([]byte("atoll"), 4<<20)
	manager := transfermanager.New(client)
	_, err := manager.UploadObject(ctx, &transfermanager.UploadObjectInput{Bucket: &bucket,
		Key: aws.String("big"), Body: bytes.NewReader(big)})
	got := text(client.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: aws.String("big")}))
	c.check("go: "+bucket+": 20 MiB by the transfer manager", err, got == string(big))
	back, err := os.CreateTemp("", "big")
	if err == nil {
		_, err = manager.DownloadObject(ctx, &transfermanager.DownloadObjectInput{Bucket: &bucket,
			Key: aws.String("big"), WriterAt: back})
	}
	if err == nil {
		same, _ := os.ReadFile(back.Name())
		c.check("go: "+bucket+": and back", err, bytes.Equal(same, big))
	} else {
		c.check("go: "+bucket+": and back", err, false)
	}
}

func everyday(ctx context.Context, c *checks, client *s3.Client, bucket string) {
	small := aws.String("small")
	for _, algorithm := range types.ChecksumAlgorithmCrc32.Values()[:5] {
		_, err := client.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: small,
			Body: strings.NewReader("body"), ChecksumAlgorithm: algorithm})
		got := text(client.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: small,
			ChecksumMode: types.ChecksumModeEnabled}))
		c.check(fmt.Sprintf("go: %s: %s kept and verified", bucket, algorithm), err, got == "body")
	}
	_, err := client.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: small, IfNoneMatch: aws.String("*")})
	c.check("go: "+bucket+": a condition that fails", nil, codeIs(err, "PreconditionFailed"))
	_, err = client.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: small, Tagging: aws.String("a=1")})
	tags, err2 := client.GetObjectTagging(ctx, &s3.GetObjectTaggingInput{Bucket: &bucket, Key: small})
	c.check("go: "+bucket+": an empty body, with a tag", errors.Join(err, err2),
		tags != nil && len(tags.TagSet) == 1 && *tags.TagSet[0].Value == "1")
	_, err = client.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: aws.String("missing")})
	var noKey *types.NoSuchKey
	c.check("go: "+bucket+": the type NoSuchKey", nil, errors.As(err, &noKey))
	head := &s3.HeadObjectInput{Bucket: &bucket, Key: small}
	err = s3.NewObjectExistsWaiter(client).Wait(ctx, head, time.Second)
	_, err2 = client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &bucket, Key: small})
	err3 := s3.NewObjectNotExistsWaiter(client).Wait(ctx, head, time.Second)
	c.check("go: "+bucket+": waiters", errors.Join(err, err2, err3), true)
}

func bucketOnly(ctx context.Context, c *checks, client *s3.Client, bucket string) {
	out, err := client.CopyObject(ctx, &s3.CopyObjectInput{Bucket: &bucket, Key: aws.String("copy"),
		CopySource: aws.String(bucket + "/big")})
	c.check("go: a copy", err, out != nil && out.CopyObjectResult != nil)
	attributes, err := client.GetObjectAttributes(ctx, &s3.GetObjectAttributesInput{Bucket: &bucket,
		Key: aws.String("copy"), ObjectAttributes: types.ObjectAttributesEtag.Values()})
	c.check("go: GetObjectAttributes", err, err == nil && *attributes.ObjectSize == 20<<20)
	_, err = client.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: aws.String("go-nobody")})
	var noBucket *types.NoSuchBucket
	c.check("go: the type NoSuchBucket", nil, errors.As(err, &noBucket))
	var all []types.ObjectIdentifier
	versions := s3.NewListObjectVersionsPaginator(client, &s3.ListObjectVersionsInput{Bucket: &bucket,
		MaxKeys: aws.Int32(7)})
	for versions.HasMorePages() {
		page, err := versions.NextPage(ctx)
		if err != nil {
			c.check("go: a page of versions", err, false)
			return
		}
		for _, version := range page.Versions {
			all = append(all, types.ObjectIdentifier{Key: version.Key, VersionId: version.VersionId})
		}
	}
	gone, err := client.DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: &bucket,
		Delete: &types.Delete{Objects: all}})
	c.check("go: DeleteObjects of every key", err, err == nil && len(gone.Deleted) == len(all))
	_, err = client.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: &bucket})
	err2 := s3.NewBucketNotExistsWaiter(client).Wait(ctx, &s3.HeadBucketInput{Bucket: &bucket}, time.Second)
	c.check("go: then the bucket", errors.Join(err, err2), true)
}

// pointOfBucket: an access point of one Region, made by S3 Control and used by its ARN.
func pointOfBucket(ctx context.Context, c *checks, client *s3.Client, api *s3control.Client) {
	made, err := api.CreateAccessPoint(ctx, &s3control.CreateAccessPointInput{AccountId: aws.String(account),
		Name: aws.String("go-point"), Bucket: aws.String("my-app-data-us-east-1")})
	if err != nil {
		c.check("go: CreateAccessPoint", err, false)
		return
	}
	at := &s3.GetObjectInput{Bucket: made.AccessPointArn, Key: aws.String("a +ü//b")}
	_, err = client.PutObject(ctx, &s3.PutObjectInput{Bucket: at.Bucket, Key: at.Key, Body: strings.NewReader("r")})
	c.check("go: through a Regional access point", err, text(client.GetObject(ctx, at)) == "r")
	_, err = api.DeleteAccessPoint(ctx, &s3control.DeleteAccessPointInput{AccountId: aws.String(account),
		Name: aws.String("go-point")})
	c.check("go: DeleteAccessPoint", err, true)
	var names []string
	pages := s3control.NewListMultiRegionAccessPointsPaginator(api,
		&s3control.ListMultiRegionAccessPointsInput{AccountId: aws.String(account)})
	for pages.HasMorePages() && err == nil {
		var page *s3control.ListMultiRegionAccessPointsOutput
		if page, err = pages.NextPage(ctx); err == nil {
			for _, point := range page.AccessPoints {
				names = append(names, *point.Name)
			}
		}
	}
	c.check("go: ListMultiRegionAccessPoints", err, slices.Equal(names, []string{"my-global-access-point"}))
	_, err = api.CreateMultiRegionAccessPoint(ctx, &s3control.CreateMultiRegionAccessPointInput{
		AccountId: aws.String(account), Details: &control.CreateMultiRegionAccessPointInput{
			Name: aws.String("go-life"), Regions: []control.Region{{Bucket: aws.String("my-app-data-us-east-1")}}}},
		func(options *s3control.Options) { options.Region = "us-west-2" })
	c.check("go: CreateMultiRegionAccessPoint", err, true)
}

func buckets(ctx context.Context, c *checks, cfg aws.Config, arn string) {
	direct := s3.NewFromConfig(cfg, func(options *s3.Options) {
		options.BaseEndpoint, options.UsePathStyle = aws.String(os.Getenv("ATOLL_SERVER")), true
	})
	_, err := direct.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String(daily)})
	c.check("go: CreateBucket", err, true)
	through := s3.NewFromConfig(cfg)
	for name, client := range map[string]*s3.Client{daily: direct, arn: through} {
		keysOf(ctx, c, client, name)
		transfer(ctx, c, client, name)
		everyday(ctx, c, client, name)
	}
	bucketOnly(ctx, c, direct, daily)
	pointOfBucket(ctx, c, through, s3control.NewFromConfig(cfg))
}
