// The article's program for Go: upload and download through a Multi-Region Access Point, by its
// ARN, and read what the control plane says about it. Nothing here knows of atoll: the environment
// of `atoll env` does it all.
//
// usage: main FILE ARN; prints "ok ..." and "FAIL ..." lines and "N passed, N failed".
package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
)

type checks struct{ passed, failed int }

func (c *checks) check(what string, err error, holds bool) {
	if err == nil && holds {
		c.passed++
		fmt.Println("ok   ", what)
		return
	}
	c.failed++
	fmt.Println("FAIL ", what, err)
}

func objects(ctx context.Context, c *checks, client *s3.Client, arn string, want []byte) {
	const key = "assets/go logo+ü.png"
	_, err := client.PutObject(ctx, &s3.PutObjectInput{
		Bucket: aws.String(arn), Key: aws.String(key), Body: bytes.NewReader(want)})
	c.check("go: PutObject through the ARN", err, true)

	out, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String(arn), Key: aws.String(key)})
	var got []byte
	if err == nil {
		got, err = io.ReadAll(out.Body)
	}
	c.check("go: GetObject gives back the same bytes", err, bytes.Equal(got, want))

	list, err := client.ListObjectsV2(ctx, &s3.ListObjectsV2Input{
		Bucket: aws.String(arn), Prefix: aws.String("assets/go")})
	c.check("go: ListObjectsV2 names the key", err,
		err == nil && len(list.Contents) == 1 && aws.ToString(list.Contents[0].Key) == key)
}

func accessPoint(ctx context.Context, c *checks, client *s3control.Client) {
	out, err := client.GetMultiRegionAccessPoint(ctx, &s3control.GetMultiRegionAccessPointInput{
		AccountId: aws.String("123456789012"), Name: aws.String("my-global-access-point")})
	c.check("go: GetMultiRegionAccessPoint says READY", err,
		err == nil && out.AccessPoint.Status == "READY" && len(out.AccessPoint.Regions) == 3)
}

func main() {
	ctx := context.Background()
	c := &checks{}
	want, err := os.ReadFile(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	objects(ctx, c, s3.NewFromConfig(cfg), os.Args[2], want)
	accessPoint(ctx, c, s3control.NewFromConfig(cfg))
	buckets(ctx, c, cfg, os.Args[2])
	fmt.Printf("%d passed, %d failed\n", c.passed, c.failed)
	if c.failed > 0 {
		os.Exit(1)
	}
}
