"""What a request says: the id in its path, its query, its body. What has not the declared shape is a 422."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar, get_args
from urllib.parse import unquote_to_bytes

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from console.sandbox import promises

T = TypeVar("T", bound=msgspec.Struct)


def answer(value: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(value), status_code=status, media_type="application/json")


def path_id(request: Request) -> str:
    """The id in the path as it was sent: Starlette has decoded `%2F` already, so from the raw path."""
    segment: bytes = request.scope["segment"]
    try:
        return unquote_to_bytes(segment).decode()
    except UnicodeDecodeError:
        raise promises.misfit(["path"], "Not valid UTF-8") from None


async def body(request: Request, shape: type[T]) -> T:
    """The JSON body."""
    try:
        return msgspec.json.decode(await request.body(), type=shape)
    except msgspec.ValidationError as error:
        raise promises.misfit_of(["body"], error) from None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise promises.misfit(["body"], f"JSON decode error: {error}", "json_invalid") from None


def query(request: Request, shape: type[T]) -> T:
    """The query's parameters; those that are not declared are ignored."""
    given: dict[str, Any] = {}
    for field in msgspec.structs.fields(shape):
        values = request.query_params.getlist(field.name)
        if not values:
            continue
        many = isinstance(field.default, list) or field.default_factory is list
        value: Any = values if many else values[-1]
        given[field.name] = _read(field.name, value, _moment) if datetime in get_args(field.type) else value
    try:
        return msgspec.convert(given, shape, strict=False)
    except msgspec.ValidationError as error:
        raise promises.misfit_of(["query"], error) from None


def _read(name: str, value: str, read: Callable[[str], Any]) -> Any:
    try:
        return read(value)
    except ValueError:
        raise promises.misfit(["query", name], "Input should be a valid datetime", "datetime_parsing") from None


def _moment(value: str) -> datetime:
    """A time; one without a zone is taken to be in UTC."""
    found = datetime.fromisoformat(value)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
