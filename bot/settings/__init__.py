"""Describes how this bot runs, frozen, read once from the environment and `.env`."""

import base64
import os
import unicodedata
from collections.abc import Collection, Iterator
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import urlsplit

from dotenv import dotenv_values
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails

from bot.domain import PROMPT_LIMIT
from bot.domain.sharing import parse_shards
from bot.errors import SettingsInvalid
from bot.settings.database import checked_url, file_of, name_of, passwords_of
from bot.settings.mistakes import expected, in_environment, in_file, is_missing, names_in, shown
from bot.settings.models import VENDOR_ADDRESS, ModelTable, is_relay, models, unknown
from bot.settings.prices import missing, table
from bot.settings.tables import TableUnusable

EXAMPLE: Final = Path(__file__).with_name("env.example")  # a `.env` that explains every setting
_KEYS: Final = {"kirin": ("kirin_api_key",), "kling": ("kling_api_key", "kling_access_key")}


def _web_address(value: str) -> str:
    return _address(value, {"http", "https"})


def _socket_address(value: str) -> str:
    return _address(value, {"ws", "wss"})


def _address(value: str, schemes: set[str]) -> str:
    begins = " or ".join(f"{scheme}://" for scheme in sorted(schemes))
    try:
        parts = urlsplit(value)
        usable = parts.scheme in schemes and parts.hostname and parts.port != 0
    except ValueError:  # brackets or a port that are none
        usable = False
    if not usable or parts.username is not None:
        raise ValueError(f"an address that begins with {begins}, without a user or password in it")
    return value.rstrip("/")


def _shard_numbers(value: str) -> str:
    if value.strip().casefold() == WITHOUT_GATEWAY:
        return WITHOUT_GATEWAY
    try:
        parse_shards(value)
    except ValueError as exc:
        raise ValueError(f"{exc}, or none") from exc
    return value


def _path(value: str) -> str:
    if value and not value.startswith("/"):
        raise ValueError("a path that begins with /")
    return value.rstrip("/")


def _query_path(value: str) -> str:
    if "{id}" not in value:
        raise ValueError("a path with {id} where the task's id goes")
    return _path(value)


def _visible(value: str) -> str:
    line = " ".join(value.split())
    if len(line) > LABEL_LENGTH or not any(unicodedata.category(char)[0] in "LN" for char in line):
        raise ValueError(f"words that can be read, at most {LABEL_LENGTH} characters")
    return line


def _split_list(value: Any) -> Any:
    """Split `1, 2` as people write it; anything else is left to the model."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _split_names(value: Any) -> Any:
    """Split `model=Name, model=Name` as people write it; anything else is left to the model."""
    if not isinstance(value, str):
        return value
    pairs = [
        (key.strip(), " ".join(name.split())) for key, _, name in (part.partition("=") for part in value.split(","))
    ]
    distinct = len(dict(pairs)) == len({name for _, name in pairs}) == len(pairs)
    if not distinct or not all(key and 1 <= len(name) <= NAME_LENGTH for key, name in pairs):
        raise ValueError(f"model=Name, with commas between, each name once and at most {NAME_LENGTH} characters")
    return pairs


def _parse_none(value: Any) -> Any:
    """Read `none` as that there is none; to say nothing means nothing."""
    return None if isinstance(value, str) and value.strip().casefold() == "none" else value


def _bare(value: Any) -> Any:
    """Strip a key of the blanks and line ends that come with copying."""
    return value.strip() if isinstance(value, str) else value


def _signing(value: SecretStr) -> SecretStr:
    text = value.get_secret_value()
    try:
        usable = text.startswith("whsec_") and base64.b64decode(text.removeprefix("whsec_"), validate=True)
    except ValueError:
        usable = b""
    if not usable:
        raise ValueError("the signing secret of the service's console, which begins with whsec_")
    return value


_A_BUDGET: Final = "what all videos of a month may cost together, in USD, from 0 to 1000000, or none"
_AN_ID: Final = "an id of Discord's, which is a number of up to 19 digits"

WebAddress = Annotated[str, AfterValidator(_web_address)]
SocketAddress = Annotated[str, AfterValidator(_socket_address)]
UrlPath = Annotated[str, AfterValidator(_path)]
DiscordId = Annotated[int, Field(gt=0, lt=2**63, description=_AN_ID)]
Ids = Annotated[tuple[DiscordId, ...], BeforeValidator(_split_list)]
Names = Annotated[tuple[str, ...], BeforeValidator(_split_list)]
ModelNames = Annotated[tuple[tuple[str, str], ...], BeforeValidator(_split_names)]
Count = Annotated[int, Field(ge=1, le=1_000_000)]
Days = Annotated[int, Field(ge=0, le=3650)]
Seconds = Annotated[float, Field(gt=0, le=3600)]
Budget = Annotated[Decimal, Field(ge=0, le=1_000_000, decimal_places=6)]
Secret = Annotated[SecretStr, Field(min_length=1), BeforeValidator(_bare)]
SigningSecret = Annotated[SecretStr, BeforeValidator(_bare), AfterValidator(_signing)]

ENV_FILE: Final = Path(".env")
WITHOUT_GATEWAY: Final = "none"  # shards: the process makes videos and talks to nobody
LABEL_LENGTH: Final = 80  # characters
NAME_LENGTH: Final = 40  # characters
_SERVICES: Final = ("kirin_api_key", "kling_api_key", "kling_access_key")  # any of them makes a service's models ours


class Settings(BaseModel):
    """Every setting, by the name of its environment variable in lower case; `load` reads them from there.

    Raises:
        SettingsInvalid: through `load`, naming every mistake at once.
    """

    model_config = ConfigDict(extra="ignore", frozen=True, defer_build=True)

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
    kling_base_url: WebAddress = VENDOR_ADDRESS
    kling_path_prefix: UrlPath = ""
    kling_models: Names = ()
    kling_prompt_limit: Annotated[int, Field(ge=1, le=PROMPT_LIMIT)] = PROMPT_LIMIT

    database_url: Annotated[str, BeforeValidator(_bare), AfterValidator(checked_url), Field(repr=False)] = (
        "sqlite:///data/shotcaller.db"
    )
    database_pool: Annotated[int, Field(ge=1, le=100)] = 6
    data_dir: Path = Path("data")
    backup_dir: Path | None = None
    shards: Annotated[str, AfterValidator(_shard_numbers)] | None = None

    model_table: Path | None = None
    model_names: ModelNames = ()
    price_table: Path | None = None
    daily_credits: Annotated[int, Field(ge=0, le=1_000_000)] = 60
    direct_credits: Annotated[int, Field(ge=0, le=1_000_000)] = 10
    monthly_budget_usd: Annotated[Budget | None, BeforeValidator(_parse_none), Field(description=_A_BUDGET)]
    max_jobs_per_user: Count = 3
    running_per_user: Count = 2
    running_per_guild: Count = 5
    running_per_provider: Count = 5
    running_total: Count = 20
    submitting_per_provider: Count = 2
    job_deadline_minutes: Annotated[float, Field(gt=0, le=10_080)] = 60
    max_result_megabytes: Annotated[int, Field(ge=1, le=10_000)] = 200
    poll_seconds_min: Seconds = 1
    poll_seconds_max: Annotated[Seconds, Field(validate_default=True)] = 600
    lease_seconds: Annotated[float, Field(ge=1, le=3600)] = 30

    ai_label: Annotated[str, AfterValidator(_visible)] | None = None
    keep_cards: bool = False
    privacy_file: Path | None = None
    keep_prompts_days: Days = 180
    keep_files_days: Days = 30
    welcome_message: bool = True
    user_install: bool = False
    left_guild_days: Annotated[int, Field(ge=1, le=3650)] = 30
    source_url: WebAddress | None = None

    public_url: WebAddress | None = None
    callback_host: str = "127.0.0.1"
    callback_port: Annotated[int, Field(ge=1, le=65535)] = 8081
    kling_callback_secret: SigningSecret | None = None

    page_host: str = "127.0.0.1"
    page_port: Annotated[int, Field(ge=0, le=65535)] = 0
    page_for_admins: bool = False

    health_host: str = "127.0.0.1"
    health_port: Annotated[int, Field(ge=0, le=65535)] = 0
    metrics: bool = False
    otel_exporter_otlp_endpoint: WebAddress | None = None
    otel_exporter_otlp_headers: Secret | None = None
    log_format: Literal["text", "json"] = "text"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @field_validator("poll_seconds_max")
    @classmethod
    def _check_poll_range(cls, most: float, info: ValidationInfo) -> float:
        if most < info.data.get("poll_seconds_min", most):
            raise ValueError("at least POLL_SECONDS_MIN")
        return most

    @field_validator("shards")
    @classmethod
    def _check_shared(cls, shards: str | None, info: ValidationInfo) -> str | None:
        if shards is not None and str(info.data.get("database_url", "")).startswith("sqlite:"):
            raise ValueError("a DATABASE_URL of PostgreSQL beside it, which several processes can share")
        return shards

    @field_validator("metrics")
    @classmethod
    def _check_served(cls, metrics: bool, info: ValidationInfo) -> bool:  # noqa: FBT001 (pydantic's own shape)
        if metrics and not info.data.get("health_port", 1):
            raise ValueError("a HEALTH_PORT beside it, at which they are served")
        return metrics

    @model_validator(mode="wrap")
    @classmethod
    def _collect_mistakes(cls, data: dict[str, Any], handler: ModelWrapValidatorHandler[Self]) -> Self:
        mistakes = [*_missing_keys(data), *_table_mistakes(data)]
        try:
            settings = handler(data)
        except ValidationError as exc:
            found = [_mistake(cls, error, _secrets_in(cls, data)) for error in exc.errors()]
            raise SettingsInvalid([*found, *mistakes]) from None
        if mistakes:
            raise SettingsInvalid(mistakes)
        return settings

    @classmethod
    def load(cls, *, env_file: Path | None = ENV_FILE, **values: Any) -> Self:
        """Read the settings: `values` (by field name) outrank the environment, and that the file.

        Raises:
            SettingsInvalid: with one line for every mistake: the variable, what was expected, and what is there.
        """
        strangers = list(_unknown_names(cls, env_file, values))
        try:
            settings = cls(**{**_read(env_file), **values})
        except SettingsInvalid as exc:
            raise SettingsInvalid([*exc.problems, *strangers]) from None
        except (OSError, UnicodeDecodeError):  # of the file, which is among the strangers
            raise SettingsInvalid(strangers) from None
        if strangers:
            raise SettingsInvalid(strangers)
        return settings

    @property
    def has_kling(self) -> bool:
        """Say whether there is any way to sign in to the Kling API."""
        return self.kling_api_key is not None or self.kling_access_key is not None

    @property
    def database_path(self) -> str | None:
        """Give the path of the SQLite database; None where it is a PostgreSQL."""
        return file_of(self.database_url)

    @property
    def database_name(self) -> str:
        """Say which database it is, without user and password."""
        return name_of(self.database_url)

    @property
    def results_dir(self) -> Path:
        """Give the folder of the videos on their way into a channel."""
        return self.data_dir / "results"

    @property
    def backups_dir(self) -> Path:
        """Give the folder that backups are taken into, unless another is named."""
        return self.backup_dir or self.data_dir / "backups"

    def shown(self) -> dict[str, str]:
        """Say what every setting is, by its name, with everything secret hidden."""
        values = {name: value for name in type(self).model_fields if (value := _shown(getattr(self, name))) is not None}
        return {name.upper(): value for name, value in (values | {"database_url": self.database_name}).items()}

    def secrets(self) -> list[str]:
        """List the plain values of everything secret, for the log to leave out."""
        values = (getattr(self, name) for name in type(self).model_fields)
        secrets = [value.get_secret_value() for value in values if isinstance(value, SecretStr)]
        return [*secrets, *passwords_of(self.database_url)]


def _shown(value: object) -> str | None:
    """Write the value of a setting as anybody may read it; None where it has none."""
    if isinstance(value, SecretStr):
        return "•••"
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or None
    return None if value is None else str(value)


def _missing_keys(data: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Find keys that only make sense together, before anything is parsed."""
    if bool(data.get("kling_access_key")) != bool(data.get("kling_secret_key")):
        yield "KLING_ACCESS_KEY", "expected together with KLING_SECRET_KEY"
    if not any(data.get(name) for name in _SERVICES):
        yield "KIRIN_API_KEY", "expected the key of at least one video service (or set KLING_API_KEY)"


def _read(env_file: Path | None) -> dict[str, str]:
    """Read the values of the file and of the environment, which outranks it, by small names; empty ones are none."""
    sources = (dotenv_values(env_file) if env_file else {}, os.environ)
    return {name.lower(): value for source in sources for name, value in source.items() if value}


def _unknown_names(model: type[Settings], env_file: Path | None, values: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Find what the file cannot mean, and names that no setting has."""
    given = {name.lower() for name, value in os.environ.items() if value} | set(values)
    if env_file:
        yield from in_file(env_file, model.model_fields)
        given |= names_in(env_file)
    yield from in_environment(os.environ, model.model_fields, given)


def _description(model: type[Settings], name: str) -> str:
    """Describe what a setting that has to be decided on is to be set to, where its name does not say so."""
    described = model.model_fields[name].description
    return f" to {described}" if described else ""


def _secrets_in(model: type[Settings], data: dict[str, Any]) -> list[str]:
    """List what was given for everything secret, whether it will do or not."""
    fields = model.model_json_schema()["properties"]
    secret = [name for name, field in fields.items() if "writeOnly" in str(field)]
    return [text for name in secret if (text := str(data.get(name) or "").strip())]


def _mistake(model: type[Settings], error: ErrorDetails, secrets: Collection[str]) -> tuple[str, str]:
    """Name the variable, what was expected, and what is there unless that may be a secret."""
    name = str(error["loc"][0])
    if is_missing(error):
        return name.upper(), f"must be set{_description(model, name)}"
    return name.upper(), f"expected {expected(error, model.model_json_schema())}, not {shown(error['input'], secrets)}"


def _table_mistakes(data: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Find what is wrong with the tables that raw settings name, with the models they name, and missing prices."""
    name = "MODEL_TABLE"
    try:
        known = models(_table_path(data, "model_table"))
        named = [each.strip() for each in str(data.get("kling_models") or "").split(",") if each.strip()]
        strangers = list(unknown(named, [each.model for each in known.model if each.provider == "kling"]))
        yield from (("KLING_MODELS", f"expected {problem}") for problem in strangers)
        yield from (("MODEL_NAMES", f"expected {problem}") for problem in _unknown_in_names(data, known))
        name, capabilities = "PRICE_TABLE", known.capabilities()
        prices = table(_table_path(data, "price_table"), capabilities)
        providers = [service for service, keys in _KEYS.items() if any(data.get(key) for key in keys)]
        relay = is_relay(str(data.get("kling_base_url") or VENDOR_ADDRESS))
        offered = [capabilities[each] for each in known.on_offer(providers=providers, named=named, relay=relay)]
        yield from (("PRICE_TABLE", f"expected {problem}") for problem in missing(prices, offered))
    except TableUnusable as exc:
        yield from ((name, f"expected {problem}") for problem in exc.problems)


def _unknown_in_names(data: dict[str, Any], known: ModelTable) -> Iterator[str]:
    """Say which of the models that raw settings give names are none; a list that cannot be read is said elsewhere."""
    with suppress(ValueError):
        named = _split_names(data.get("model_names") or ())
        yield from unknown([each for each, _ in named], [each.model for each in known.model])


def _table_path(data: dict[str, Any], name: str) -> Path | None:
    return Path(file) if (file := data.get(name)) else None
