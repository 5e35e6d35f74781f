"""``az://CONTAINER/PREFIX?account=NAME``: Azure Blob Storage.

Credentials come from the environment: AZURE_STORAGE_ACCOUNT_KEY, AZURE_STORAGE_SAS_KEY, or the
machine's identity; the account may be named there too (AZURE_STORAGE_ACCOUNT_NAME).
"""

from typing import Any

from tenure.errors import UsageError
from tenure.preserve.remote.address import RETRIES, client_options, parse
from tenure.preserve.store import Store

NEEDED = "AZURE_STORAGE_ACCOUNT_NAME, AZURE_STORAGE_ACCOUNT_KEY"


def extension(location: str) -> Store:
    """Open a copy in a container of Azure Blob Storage; nothing is asked of the service yet.

    Raises:
        UsageError: the location does not fit, no account is named, or obstore is not installed.
    """
    place = parse("az", location, ("account", "endpoint"))
    try:
        from obstore.exceptions import BaseError
        from obstore.store import AzureStore

        from tenure.preserve.remote.bucket import Address, Bucket
    except ImportError:
        raise UsageError(
            "a copy on Azure needs one more package: pip install 'tenure[remote]'"
        ) from None
    named = {"account": "account_name", "endpoint": "endpoint"}
    settings: Any = {named[name]: value for name, value in place.settings.items()}
    try:
        client = AzureStore(
            place.bucket,
            prefix=place.prefix or None,
            config=settings,
            client_options=client_options(place),
            retry_config=RETRIES,
        )
    except BaseError:
        raise UsageError(
            f"az://{place.bucket}: no storage account is named; write az://CONTAINER/PREFIX?account=NAME"
        ) from None
    return Bucket(client, Address(label=place.label, credentials=NEEDED))
