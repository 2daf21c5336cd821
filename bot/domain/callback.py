"""Makes the addresses at which the video services call the bot back, and recognises them. Nothing of them is stored."""

import hashlib
import hmac
from typing import Final

from bot.values import dataclass, field

PATH: Final = "/callbacks"
_LABEL: Final = b"shotcaller callback address 1"  # keeps this use of the secret apart from every other
_DIGITS: Final = 32  # hexadecimal ones of a proof: 128 bits


@dataclass(frozen=True, kw_only=True, slots=True)
class CallbackAddresses:
    """Derives an address for each submission; its last part, the proof, only whoever was given it can know.

    `public_url` is where the bot is reached from outside; the proofs are an HMAC of the provider and the external id
    (the job and its attempt) under a key that is derived from `secret`.
    """

    public_url: str
    secret: str = field(repr=False)

    def of(self, provider: str, external_id: str) -> str:
        """Write the address to which a provider sends the news of a submission."""
        return f"{self.public_url}{PATH}/{provider}/{external_id}/{self._proof(provider, external_id)}"

    def knows(self, provider: str, external_id: str, proof: str) -> bool:
        """Tell whether an address with these three parts was made here; takes the same time whatever the proof."""
        return hmac.compare_digest(self._proof(provider, external_id).encode(), proof.encode(errors="replace"))

    def _proof(self, provider: str, external_id: str) -> str:
        key = hmac.digest(self.secret.encode(), _LABEL, hashlib.sha256)
        text = f"{provider}/{external_id}".encode(errors="replace")
        return hmac.digest(key, text, hashlib.sha256).hex()[:_DIGITS]
