module sluice

go 1.26.0

require (
	github.com/RoaringBitmap/roaring/v2 v2.30.0 // sets of an upload's records
	github.com/aws/aws-lambda-go v1.55.1
	github.com/aws/aws-sdk-go-v2 v1.48.0 // pinned: 1.48 changed the retry defaults
	github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream v1.7.26 // the framing of streams on the local machine
	github.com/aws/aws-sdk-go-v2/config v1.33.16 // --bedrock aws: the user's own credentials and region
	github.com/aws/aws-sdk-go-v2/credentials v1.20.16
	github.com/aws/aws-sdk-go-v2/service/bedrockruntime v1.63.12
	github.com/aws/aws-sdk-go-v2/service/cloudwatch v1.75.7 // sluice cost --env: what Bedrock counted
	github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs v1.92.1 // sluice cost --env: the ledger
	github.com/aws/aws-sdk-go-v2/service/eventbridge v1.55.10
	github.com/aws/aws-sdk-go-v2/service/lambda v1.114.3 // tests of the local machine
	github.com/aws/aws-sdk-go-v2/service/s3 v1.114.9
	github.com/aws/aws-sdk-go-v2/service/scheduler v1.18.2 // tests of the local machine
	github.com/aws/aws-sdk-go-v2/service/sesv2 v1.79.8
	github.com/aws/aws-sdk-go-v2/service/sqs v1.52.11
	github.com/aws/smithy-go v1.28.9
	github.com/caarlos0/env/v11 v11.4.2
	github.com/go-json-experiment/json v1.27.2 // what Go 1.27 has as encoding/json/v2: checks and compacts an event in a third of the time
	github.com/goccy/go-yaml v1.19.2 // tests read the OpenAPI document
	github.com/gofrs/flock v0.13.2 // one local machine per data folder
	github.com/google/go-cmp v0.7.0 // tests
	github.com/johannesboyne/gofakes3 v1.2.0 // S3's wire on the local machine, over a state of our own
	github.com/jonreiter/govader v0.0.0-20250429093935-f6505c8d03cc // English sentiment in the local model
	github.com/santhosh-tekuri/jsonschema/v6 v6.0.3 // lists every error of a document
	github.com/schollz/progressbar/v3 v3.19.1 // sluice run on a terminal
	github.com/spf13/cobra v1.10.2
	github.com/tidwall/btree v1.8.2 // keys in order on the local machine
	github.com/wneessen/go-mail v0.8.1 // --smtp: STARTTLS and authentication at a mail server
	go.etcd.io/bbolt v1.5.0 // the local machine's data file
	golang.org/x/image v0.47.0 // the PNG of sluice plan: fonts and anti-aliasing, of the Go team
	golang.org/x/term v0.47.0 // is anybody watching?
	golang.org/x/text v0.43.0 // UTF-16 files, foreign charsets in mails
	golang.org/x/time v0.16.0 // the token buckets of the local HTTP API, of the Go team
	pgregory.net/rapid v1.3.0 // tests by properties
)

require (
	github.com/aws/aws-sdk-go-v2/service/sts v1.51.9 // whose credentials are these? the account is in the bucket's name
	github.com/spf13/pflag v1.0.10
)

require (
	github.com/aws/aws-sdk-go-v2/feature/ec2/imds v1.20.8 // indirect
	github.com/aws/aws-sdk-go-v2/internal/configsources v1.5.12 // indirect
	github.com/aws/aws-sdk-go-v2/internal/endpoints/v2 v2.8.12 // indirect
	github.com/aws/aws-sdk-go-v2/internal/v4a v1.5.11 // indirect
	github.com/aws/aws-sdk-go-v2/service/internal/accept-encoding v1.13.24 // indirect
	github.com/aws/aws-sdk-go-v2/service/internal/checksum v1.11.12 // indirect
	github.com/aws/aws-sdk-go-v2/service/internal/presigned-url v1.14.11 // indirect
	github.com/aws/aws-sdk-go-v2/service/internal/s3shared v1.20.11 // indirect
	github.com/aws/aws-sdk-go-v2/service/signin v1.12.4 // indirect
	github.com/aws/aws-sdk-go-v2/service/sso v1.39.4 // indirect
	github.com/aws/aws-sdk-go-v2/service/ssooidc v1.44.4 // indirect
	github.com/bits-and-blooms/bitset v1.24.4 // indirect
	github.com/inconshreveable/mousetrap v1.1.0 // indirect
	github.com/mitchellh/colorstring v0.0.0-20190213212951-d06e56a500db // indirect
	github.com/mschoch/smat v0.2.0 // indirect
	github.com/rivo/uniseg v0.4.7 // indirect
	github.com/ryszard/goskiplist v0.0.0-20150312221310-2dfbae5fcf46 // indirect
	go.shabbyrobe.org/gocovmerge v0.0.0-20230507111327-fa4f82cfbf4d // indirect
	golang.org/x/crypto v0.54.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
	golang.org/x/tools v0.51.0 // indirect
	gonum.org/v1/gonum v0.8.2 // indirect
)
