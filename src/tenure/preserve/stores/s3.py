"""``s3://BUCKET/PREFIX?endpoint=...&region=...``: Amazon S3, and what speaks like it.

The service must know conditional puts (``If-None-Match``, ``If-Match``: S3 since 2024, MinIO, Ceph,
R2 and others). Credentials come from the environment: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,
AWS_SESSION_TOKEN, or the machine's role. They need GetObject, PutObject, ListBucket and
AbortMultipartUpload, and no DeleteObject: turn the bucket's versioning on and forbid that one.
"""

from typing import Any

from tenure.errors import UsageError
from tenure.preserve.remote.address import RETRIES, client_options, parse
from tenure.preserve.store import Store

NEEDED = "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY"


def extension(location: str) -> Store:
    """Open a copy in an S3 bucket; nothing is asked of the service yet.

    Raises:
        UsageError: the location does not fit, or the package obstore is not installed.
    """
    place = parse("s3", location, ("endpoint", "region"))
    try:
        from obstore.store import S3Store

        from tenure.preserve.remote.bucket import Address, Bucket
    except ImportError:
        raise UsageError(
            "a copy on S3 needs one more package: pip install 'tenure[remote]'"
        ) from None
    settings: Any = {"region": "us-east-1", **place.settings}
    client = S3Store(
        place.bucket,
        prefix=place.prefix or None,
        config=settings,
        client_options=client_options(place),
        retry_config=RETRIES,
    )
    return Bucket(client, Address(label=place.label, credentials=NEEDED))
