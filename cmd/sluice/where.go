package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/spf13/cobra"

	"sluice/internal/local/machine"
	"sluice/internal/objects"
)

// where is the environment that an operator's command works on: one in AWS, or
// this machine.
type where struct {
	*settings
	// env is what --env says; "" is this machine.
	env string
}

// whereFlags gives the command the flag that chooses.
func whereFlags(s *settings, cmd *cobra.Command) *where {
	w := &where{settings: s}
	cmd.PersistentFlags().StringVar(&w.env, "env", "", "the environment in AWS, as Terraform names it, with your own AWS credentials (default: this machine)")
	return w
}

// site is an environment and how it is reached.
type site struct {
	// environment is its name, bucket its bucket, set its SES configuration set.
	environment, bucket, set string
	config                   aws.Config
	s3                       *s3.Client
	store                    *objects.Store
	// session is the machine; nil in AWS.
	session *session
	// suppressionSecret is what addresses are filed under; "" if nobody told it.
	suppressionSecret string
}

var environmentName = regexp.MustCompile(`^[a-z][a-z0-9-]{0,8}$`)

// open reaches the environment; the site is to be closed. The error tells what is
// missing: the name, the credentials, the Region.
func (w *where) open(ctx context.Context) (*site, error) {
	if w.env == "" {
		return w.here(ctx)
	}
	if !environmentName.MatchString(w.env) {
		return nil, usagef("--env %q is no environment's name: [a-z0-9-], at most 9 characters", w.env)
	}
	found, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf("AWS: %w", err)
	}
	if found.Region == "" {
		return nil, errors.New("AWS: no Region; set AWS_REGION")
	}
	name := "sluice-" + w.env
	at := &site{environment: w.env, bucket: os.Getenv("SLUICE_BUCKET"), set: name, config: found, suppressionSecret: os.Getenv("SLUICE_SUPPRESSION_SECRET")}
	if at.bucket != "" && !isBucketOf(name, at.bucket) {
		return nil, usagef("SLUICE_BUCKET %s is not the bucket of --env %s", at.bucket, w.env)
	}
	if at.bucket == "" {
		// The name that Terraform gives it.
		me, err := sts.NewFromConfig(found).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
		if err != nil {
			return nil, fmt.Errorf("AWS: whose credentials are these? %w", err)
		}
		at.bucket = fmt.Sprintf("%s-%s-%s", name, aws.ToString(me.Account), found.Region)
	}
	at.s3 = s3.NewFromConfig(found)
	at.store = objects.New(at.s3, at.bucket)
	return at, nil
}

// isBucketOf tells whether a bucket is the environment's: Terraform calls it
// sluice-<environment>-<account>-<region>, and sluice dev --endpoint without the rest.
func isBucketOf(name, bucket string) bool {
	if bucket == name {
		return true
	}
	rest, is := strings.CutPrefix(bucket, name+"-")
	account, region, two := strings.Cut(rest, "-")
	_, err := strconv.ParseUint(account, 10, 64)
	return is && two && len(account) == 12 && err == nil && region != ""
}

// here is this machine.
func (w *where) here(ctx context.Context) (*site, error) {
	session, err := w.connect(ctx)
	if err != nil {
		return nil, err
	}
	at := &site{environment: machine.Environment, bucket: machine.Bucket, set: machine.ConfigurationSet, config: session.config, s3: session.s3, store: session.store, session: session}
	folder, err := w.folder()
	if err == nil && !w.memory {
		at.suppressionSecret, err = machine.SuppressionSecret(folder)
	}
	if err != nil {
		return nil, errors.Join(err, session.close())
	}
	return at, nil
}

// close ends a machine that the command started.
func (at *site) close() error {
	if at.session == nil {
		return nil
	}
	return at.session.close()
}
