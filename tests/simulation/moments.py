"""When a simulated day begins."""

from datetime import UTC, datetime
from typing import Final

BEGIN: Final = datetime(2026, 3, 5, tzinfo=UTC)
