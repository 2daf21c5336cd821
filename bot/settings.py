"""The one frozen description of how this bot runs, read once from the environment and `.env`."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    ModelWrapValidatorHandler,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bot.domain.request import PROMPT_LIMIT
from bot.errors import SettingsInvalid
from bot.prices import TableUnusable, missing, table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic_core import ErrorDetails


def _web_address(value: str) -> str:
    return _address(value, {"http", "https"})


def _socket_address(value: str) -> str:
    return _address(value, {"ws", "wss"})


def _address(value: str, schemes: set[str]) -> str:
    parts = urlsplit(value)
    if parts.scheme not in schemes or not parts.hostname or parts.username:
        raise ValueError(f"an address that begins with {' or '.join(f'{s}://' for s in sorted(schemes))}")
    return value.rstrip("/")


def _database(value: str) -> str:
    if not value.startswith("sqlite:///") or value == "sqlite:///":
        raise ValueError("sqlite:///path/to/file.db")
    return value


def _path(value: str) -> str:
    if value and not value.startswith("/"):
        raise ValueError("a path that begins with /")
    return value.rstrip("/")


def _query_path(value: str) -> str:
    if "{id}" not in value:
        raise ValueError("a path with {id} where the task's id goes")
    return _path(value)


def _listed(value: Any) -> Any:
    """`1, 2` as people write it; anything else is left to the model."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _bare(value: Any) -> Any:
    """A key as it was meant, without the blanks and line ends that come with copying."""
    return value.strip() if isinstance(value, str) else value


WebAddress = Annotated[str, AfterValidator(_web_address)]
SocketAddress = Annotated[str, AfterValidator(_socket_address)]
UrlPath = Annotated[str, AfterValidator(_path)]
DiscordId = Annotated[int, Field(gt=0, lt=2**63)]
Ids = Annotated[tuple[DiscordId, ...], NoDecode, BeforeValidator(_listed)]
Count = Annotated[int, Field(ge=1, le=1_000_000)]
Days = Annotated[int, Field(ge=0, le=3650)]
Seconds = Annotated[float, Field(gt=0, le=3600)]
Secret = Annotated[SecretStr, Field(min_length=1), BeforeValidator(_bare)]

_SERVICES: Final = ("kirin_api_key", "kling_api_key", "kling_access_key")  # any of them makes a service's models ours


class Settings(BaseSettings):
    """Every setting, by the name of its environment variable in lower case.

    Raises:
        SettingsInvalid: through `load`, naming every mistake at once.
    """

    model_config = SettingsConfigDict(
        env_file=".env", env_file_encoding="utf-8", env_ignore_empty=True, extra="ignore", frozen=True
    )

    discord_token: Secret
    discord_api_url: WebAddress = "https://discord.com/api/v10"
    discord_gateway_url: SocketAddress = "wss://gateway.discord.gg"
    discord_guild_ids: Ids = ()
    operator_channel_id: DiscordId | None = None

    kirin_api_key: Secret | None = None
    kirin_base_url: WebAddress = "https://cloud.vtrix.ai"
    kirin_create_path: UrlPath = "/model/v1/generation"
    kirin_query_path: Annotated[str, AfterValidator(_query_path)] = "/model/v1/generation/task/{id}"
    kirin_body: Literal["params", "flat"] = "params"
    kirin_find_is_authoritative: bool = False
    kirin_text_scan_path: UrlPath = "/model/v1/text/scan"
    kirin_video_scan_path: UrlPath = "/model/v1/image/scan"

    kling_api_key: Secret | None = None
    kling_access_key: Secret | None = None
    kling_secret_key: Secret | None = None
    kling_base_url: WebAddress = "https://api-singapore.klingai.com"
    kling_path_prefix: UrlPath = ""
    kling_prompt_limit: Annotated[int, Field(ge=1, le=PROMPT_LIMIT)] = PROMPT_LIMIT

    database_url: Annotated[str, AfterValidator(_database)] = "sqlite:///data/shotcaller.db"
    data_dir: Path = Path("data")

    price_table: Path | None = None
    daily_credits: Annotated[int, Field(ge=0, le=1_000_000)] = 60
    direct_credits: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
    monthly_budget_usd: Annotated[Decimal, Field(ge=0, le=1_000_000, decimal_places=6)] | None = None
    max_jobs_per_user: Count = 3
    running_per_user: Count = 2
    running_per_guild: Count = 5
    running_per_provider: Count = 5
    running_total: Count = 20
    job_deadline_minutes: Annotated[float, Field(gt=0, le=10_080)] = 60
    max_result_megabytes: Annotated[int, Field(ge=1, le=10_000)] = 200
    poll_seconds_min: Seconds = 2
    poll_seconds_max: Annotated[Seconds, Field(validate_default=True)] = 20
    lease_seconds: Annotated[float, Field(ge=1, le=3600)] = 30

    privacy_file: Path | None = None
    keep_prompts_days: Days = 180
    keep_files_days: Days = 30
    left_guild_days: Annotated[int, Field(ge=1, le=3650)] = 30
    source_url: WebAddress | None = None

    health_host: str = "127.0.0.1"
    health_port: Annotated[int, Field(ge=0, le=65535)] = 0
    log_format: Literal["text", "json"] = "text"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @field_validator("poll_seconds_max")
    @classmethod
    def _not_below_the_least(cls, most: float, info: ValidationInfo) -> float:
        if most < info.data.get("poll_seconds_min", most):
            raise ValueError("at least POLL_SECONDS_MIN")
        return most

    @model_validator(mode="wrap")
    @classmethod
    def _everything_at_once(cls, data: dict[str, Any], handler: ModelWrapValidatorHandler[Self]) -> Self:
        mistakes = [*_missing_keys(data), *_missing_prices(data)]
        try:
            settings = handler(data)
        except ValidationError as exc:
            raise SettingsInvalid([*map(_mistake, exc.errors()), *mistakes]) from None
        if mistakes:
            raise SettingsInvalid(mistakes)
        return settings

    @classmethod
    def load(cls, **values: Any) -> Self:
        """Read the settings; `values` (by field name, or `_env_file`) outrank the environment.

        Raises:
            SettingsInvalid: with one line for every mistake: the variable, and what was expected.
        """
        return cls(**values)

    @property
    def has_kling(self) -> bool:
        """Whether there is any way to sign in to the Kling API."""
        return self.kling_api_key is not None or self.kling_access_key is not None

    @property
    def database_path(self) -> str:
        """The file of the SQLite database."""
        return self.database_url.removeprefix("sqlite:///")

    def secrets(self) -> list[str]:
        """The plain values of everything secret, for the log to leave out."""
        values = (getattr(self, name) for name in type(self).model_fields)
        return [value.get_secret_value() for value in values if isinstance(value, SecretStr)]


def _missing_keys(data: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Keys that only make sense together, looked up before anything is parsed."""
    if bool(data.get("kling_access_key")) != bool(data.get("kling_secret_key")):
        yield "KLING_ACCESS_KEY", "expected together with KLING_SECRET_KEY"
    if not any(data.get(name) for name in _SERVICES):
        yield "KIRIN_API_KEY", "expected the key of at least one video service (or set KLING_API_KEY)"


def _missing_prices(data: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What is wrong with the price table, and what of the configured services it has no price for."""
    file = data.get("price_table")
    providers = {name.partition("_")[0] for name in _SERVICES if data.get(name)}
    try:
        problems = missing(table(Path(file) if file else None), providers)
        yield from (("PRICE_TABLE", f"expected {problem}") for problem in problems)
    except TableUnusable as exc:
        yield from (("PRICE_TABLE", f"expected {problem}") for problem in exc.problems)


def _mistake(error: ErrorDetails) -> tuple[str, str]:
    """The variable and what was expected, without what was given: that may be a secret."""
    name = "_".join(str(part) for part in error["loc"][:1]).upper()
    if error["type"] in {"missing", "too_short"}:
        return name, "must be set"
    return name, f"expected {error['msg'].removeprefix('Value error, ').removeprefix('Input should be ')}"
