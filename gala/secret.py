"""The service's secret: given or made, and the keys of the books that follow from it."""

import contextlib
import os
from collections.abc import Callable

from gala.passes import derive
from gala.settings import Settings
from rewards.keeping.keys import Keys

Entropy = Callable[[int], bytes]


def service_secret(settings: Settings, entropy: Entropy) -> bytes:
    """GALA_SECRET, or one of our own that is kept, readable to us alone, in the data folder."""
    if settings.secret:
        return settings.secret.encode()
    path = settings.data / "secret"
    settings.data.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        made = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(made, "wb") as file:
            file.write(entropy(32).hex().encode())
    return path.read_bytes()


def register_keys(secret: bytes) -> Keys:
    """The books' keys, derived from the service's secret."""
    return Keys(log=derive(secret, "log"), places=derive(secret, "places"), codes=derive(secret, "codes"))
