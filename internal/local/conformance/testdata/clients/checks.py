"""What the scripts of boto3 share: clients, names of their own, and comparisons.

A script ends at the first difference, with a line that says what was expected, and exits 1.
"""

import os
import sys
import uuid

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

SCRIPT = os.path.basename(sys.argv[0])
if not os.environ.get("AWS_ENDPOINT_URL"):
    sys.exit(f"{SCRIPT}: AWS_ENDPOINT_URL must say where the endpoint is")
for variable, value in {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_DEFAULT_REGION": "us-east-1",
                        "AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}.items():
    os.environ.setdefault(variable, value)
os.environ.pop("AWS_PROFILE", None)

NAME = "py-" + uuid.uuid4().hex[:12]
SETTINGS = Config(retries={"total_max_attempts": 1})


def client(service):
    return boto3.client(service, config=SETTINGS)


def same(what, got, want):
    if got != want:
        sys.exit(f"{SCRIPT}: {what}: got {got!r}, want {want!r}")


def refused(what, code, status, call, *args, error=ClientError, **kwargs):
    """The call must fail with the code and HTTP status, as that error class."""
    try:
        call(*args, **kwargs)
    except error as e:
        same(f"{what}: code", e.response["Error"]["Code"], code)
        same(f"{what}: status", e.response["ResponseMetadata"]["HTTPStatusCode"], status)
        return
    except ClientError as e:
        sys.exit(f"{SCRIPT}: {what}: got {type(e).__name__} {e}, want {error.__name__}")
    sys.exit(f"{SCRIPT}: {what}: succeeded, want {code}")
