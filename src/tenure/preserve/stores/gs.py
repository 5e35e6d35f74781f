"""``gs://BUCKET/PREFIX``: Google Cloud Storage.

Credentials come from the environment: GOOGLE_APPLICATION_CREDENTIALS (a file) or
GOOGLE_SERVICE_ACCOUNT, or the machine's role. They need storage.objects.create, get, list and update;
without storage.objects.delete the service refuses to replace what is there, unless the bucket keeps
versions: turn that on.
"""

from tenure.errors import UsageError
from tenure.preserve.remote.address import RETRIES, client_options, parse
from tenure.preserve.store import Store

NEEDED = "GOOGLE_APPLICATION_CREDENTIALS"


def extension(location: str) -> Store:
    """Open a copy in a bucket of Google Cloud Storage; nothing is asked of the service yet.

    Raises:
        UsageError: the location does not fit, or the package obstore is not installed.
    """
    place = parse("gs", location, ())
    try:
        from obstore.store import GCSStore

        from tenure.preserve.remote.bucket import Address, Bucket
    except ImportError:
        raise UsageError(
            "a copy on Google Cloud Storage needs one more package: pip install 'tenure[remote]'"
        ) from None
    client = GCSStore(
        place.bucket,
        prefix=place.prefix or None,
        client_options=client_options(place),
        retry_config=RETRIES,
    )
    return Bucket(client, Address(label=place.label, credentials=NEEDED))
