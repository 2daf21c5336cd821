"""Several processes of one bot in one event loop, on one wire."""

from collections.abc import Callable

from bot.errors import StoreUnavailable


class Party:
    """A wire to which several processes are connected, and which is cut when a test says so."""

    def __init__(self) -> None:
        self.payloads: list[str] = []
        self.cut = 0
        self._listeners: list[Callable[[str], None]] = []
        self._after_loss: list[Callable[[], None]] = []

    async def notify(self, payload: str) -> None:
        if self.cut:
            self.cut -= 1
            raise StoreUnavailable("the connection is lost")
        self.payloads.append(payload)
        for listener in self._listeners:
            listener(payload)

    def on_payload(self, listener: Callable[[str], None]) -> None:
        self._listeners.append(listener)

    def on_reconnected(self, listener: Callable[[], None]) -> None:
        self._after_loss.append(listener)

    def reconnect(self) -> None:
        for listener in self._after_loss:
            listener()
