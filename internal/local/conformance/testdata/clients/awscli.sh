#!/usr/bin/env bash
# The aws command line against the endpoint at AWS_ENDPOINT_URL. Everything it
# makes has a name of its own and is removed again. It ends at the first
# difference, with a line that says what was expected, and exits 1.
set -Eeuo pipefail

: "${AWS_ENDPOINT_URL:?say where the endpoint is}"
export AWS_ACCESS_KEY_ID="${AWS_ACCESS_KEY_ID:-local}" AWS_SECRET_ACCESS_KEY="${AWS_SECRET_ACCESS_KEY:-local}"
export AWS_DEFAULT_REGION="${AWS_DEFAULT_REGION:-us-east-1}" AWS_PAGER='' AWS_MAX_ATTEMPTS=1 AWS_EC2_METADATA_DISABLED=true
unset AWS_PROFILE
export AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null LC_ALL=C.UTF-8

name="cli-$$-$RANDOM"
work="$(mktemp -d)"
background=''
trap 'kill $background 2>/dev/null || true; rm -rf "$work"' EXIT
trap 'echo "awscli.sh: line $LINENO: $BASH_COMMAND" >&2' ERR

differ() { echo "awscli.sh: $*" >&2; exit 1; }
same() { [ "$2" = "$3" ] || differ "$1: got [$2], want [$3]"; }
digest() { if command -v md5sum >/dev/null; then md5sum | cut -d' ' -f1; else md5 -q; fi; }
# refused CODE COMMAND…: the command must fail with that error code.
refused() {
  local code="$1" said; shift
  if said="$("$@" 2>&1)"; then differ "$*: succeeded, want $code"; fi
  [[ "$said" == *"($code)"* ]] || differ "$*: said [$said], want $code"
}

objects() {
  ## S3, the high level: cp, ls, sync, presign, rm.
  bucket="$name"
  aws s3 mb "s3://$bucket" >/dev/null
  mkdir -p "$work/up/thư mục"
  printf 'xin chào\n' > "$work/up/thư mục/một.txt"
  printf '{"text":"a"}\n' > "$work/up/two.jsonl"
  head -c 9000000 /dev/urandom > "$work/up/large.bin"       # more than the 8 MB of one part
  # S3's times are whole seconds: a file of the same second would count as newer.
  find "$work/up" -type f -exec touch -t 202601010000 {} +
  aws s3 sync --only-show-errors "$work/up" "s3://$bucket/in"
  same 's3 ls --recursive' "$(aws s3 ls --recursive "s3://$bucket/in/" | awk '{print $3}' | sort -n | xargs)" '10 13 9000000'
  same 's3 sync again' "$(aws s3 sync --no-progress "$work/up" "s3://$bucket/in")" ''
  aws s3 cp --only-show-errors --recursive "s3://$bucket/in" "$work/down"
  diff -r "$work/up" "$work/down" || differ 's3 cp --recursive: the files came back changed'
  same 's3 cp to standard output' "$(aws s3 cp "s3://$bucket/in/two.jsonl" -)" '{"text":"a"}'
  if command -v curl >/dev/null; then
    url="$(aws s3 presign "s3://$bucket/in/thư mục/một.txt" --expires-in 60)"
    same 's3 presign' "$(curl -sS "$url")" 'xin chào'
  fi
  aws s3 rm --only-show-errors --recursive "s3://$bucket/in"
  same 's3 rm --recursive' "$(aws s3api list-objects-v2 --bucket "$bucket" --query 'length(Contents || `[]`)')" 0

  ## S3, the API: conditional writes.
  put=(aws s3api put-object --bucket "$bucket" --key once --body "$work/up/two.jsonl")
  etag="$("${put[@]}" --if-none-match '*' --query ETag --output text)"
  same 'the ETag is the MD5' "$etag" "\"$(digest < "$work/up/two.jsonl")\""
  refused PreconditionFailed "${put[@]}" --if-none-match '*'
  refused PreconditionFailed "${put[@]}" --if-match '"00000000000000000000000000000000"'
  same 'put-object --if-match' "$("${put[@]}" --if-match "$etag" --query ETag --output text)" "$etag"
  refused 304 aws s3api head-object --bucket "$bucket" --key once --if-none-match "$etag"
  refused NoSuchKey aws s3api get-object --bucket "$bucket" --key nothing "$work/nothing"
  aws s3 rb --force "s3://$bucket" >/dev/null
}

others() {
  ## SQS. Version 1 of the command line needs to be told the endpoint here.
  sqs() { aws sqs --endpoint-url "$AWS_ENDPOINT_URL" "$@"; }
  queue="$(sqs create-queue --queue-name "$name" --attributes VisibilityTimeout=60 --query QueueUrl --output text)"
  queue_arn="$(sqs get-queue-attributes --queue-url "$queue" --attribute-names QueueArn --query Attributes.QueueArn --output text)"
  [[ "$queue_arn" == arn:aws:sqs:*":$name" ]] || differ "QueueArn: got [$queue_arn]"
  same 'MD5OfMessageBody' "$(sqs send-message --queue-url "$queue" --message-body 'xin chào' \
    --message-attributes 'lang={DataType=String,StringValue=vi}' --query MD5OfMessageBody --output text)" "$(printf 'xin chào' | digest)"
  receipt="$(sqs receive-message --queue-url "$queue" --wait-time-seconds 5 --message-attribute-names All \
    --query 'Messages[?Body==`"xin chào"` && MessageAttributes.lang.StringValue==`"vi"`].ReceiptHandle' --output text)"
  [ -n "$receipt" ] || differ 'receive-message: no message with the body and the attribute that were sent'
  sqs delete-message --queue-url "$queue" --receipt-handle "$receipt"
  refused AWS.SimpleQueueService.NonExistentQueue sqs get-queue-url --queue-name "$name-nothing"

  ## EventBridge: a rule to the queue.
  pattern='{"source":["cli.test"],"detail":{"n":[{"numeric":[">",1]}]}}'
  bus="$name"
  aws events create-event-bus --name "$bus" >/dev/null
  aws events put-rule --name "$name" --event-bus-name "$bus" --event-pattern "$pattern" >/dev/null
  same 'put-targets' "$(aws events put-targets --rule "$name" --event-bus-name "$bus" --targets "Id=1,Arn=$queue_arn" --query FailedEntryCount)" 0
  same 'put-events' "$(aws events put-events --query 'FailedEntryCount' --entries \
    "[{\"EventBusName\":\"$bus\",\"Source\":\"cli.test\",\"DetailType\":\"Counted\",\"Detail\":\"{\\\"n\\\":1}\"},
      {\"EventBusName\":\"$bus\",\"Source\":\"cli.test\",\"DetailType\":\"Counted\",\"Detail\":\"{\\\"n\\\":2}\"}]")" 0
  body="$(sqs receive-message --queue-url "$queue" --wait-time-seconds 10 --query 'Messages[].Body' --output text)"
  [[ "$body" == *'"detail-type":"Counted"'*'"n":2'* && "$body" != *'"n":1'* ]] || differ "the rule's queue: got [$body]"
  event='{"id":"1","account":"123456789012","source":"cli.test","time":"2026-01-01T00:00:00Z","region":"us-east-1","resources":[],"detail-type":"t","detail":{"n":2}}'
  same 'test-event-pattern' "$(aws events test-event-pattern --event-pattern "$pattern" --event "$event" --query Result)" true
  refused InvalidEventPatternException aws events put-rule --name "$name" --event-bus-name "$bus" --event-pattern '{"source":"no array"}'
  aws events remove-targets --rule "$name" --event-bus-name "$bus" --ids 1 >/dev/null
  aws events delete-rule --name "$name" --event-bus-name "$bus"
  aws events delete-event-bus --name "$bus"
  sqs delete-queue --queue-url "$queue"

  ## SES v2.
  sender="$name@example.com"
  aws sesv2 create-email-identity --email-identity "$sender" >/dev/null
  mail=(--destination 'ToAddresses=success@simulator.amazonses.com' --content 'Simple={Subject={Data=Hello},Body={Text={Data=Body}}}')
  [ -n "$(aws sesv2 send-email --from-email-address "$sender" "${mail[@]}" --query MessageId --output text)" ] || differ 'send-email: no MessageId'
  refused MessageRejected aws sesv2 send-email --from-email-address "nobody@$name.example" "${mail[@]}"
  aws sesv2 delete-email-identity --email-identity "$sender"

  ## Bedrock.
  read -r role reason tokens <<< "$(aws bedrock-runtime converse --model-id anthropic.claude-3-haiku-20240307-v1:0 \
    --messages '[{"role":"user","content":[{"text":"The parcel came late."}]}]' --inference-config maxTokens=200 \
    --query '[output.message.role, stopReason, to_string(usage.totalTokens == sum([usage.inputTokens, usage.outputTokens]))]' --output text)"
  same 'converse' "$role $reason $tokens" 'assistant end_turn true'
  refused ValidationException aws bedrock-runtime converse --model-id m --messages '[{"role":"assistant","content":[{"text":"x"}]}]'
}

# The command line takes half a second to start, so two go side by side.
objects & background=$!
others
wait "$background"
echo 'awscli.sh: no difference'
