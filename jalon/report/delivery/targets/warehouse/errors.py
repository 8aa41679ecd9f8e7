"""What dlt and the drivers beneath it raise, as errors that say what to do; never with a secret."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import unquote, urlsplit

from dlt.common.configuration.exceptions import ConfigFieldMissingException, ConfigurationException
from dlt.common.exceptions import MissingDependencyException

from jalon.errors import AuthError, ConfigError, JalonError
from jalon.report.delivery.settings import Warehouse

REFUSED = ("access denied", "authenticat", "credential", "forbidden", "login failed", "password", "unauthorized")
"""Words by which servers say that they refuse a user, whatever the type of the error."""
LONGEST = 300
"""Characters of what a server said that are told."""


@contextmanager
def translated(settings: Warehouse) -> Iterator[None]:
    """Turn what goes wrong into an error that names the destination and the remedy."""
    try:
        yield
    except JalonError:
        raise
    except Exception as error:
        raise _translation(settings, list(_chain(error))) from error


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and what it was raised for, outermost first; dlt keeps some of them in attributes."""
    while error is not None:
        yield error
        inner = [getattr(error, name, None) for name in ("exception", "client_exception", "orig", "__cause__")]
        error = next((each for each in inner if isinstance(each, BaseException)), None)


def _translation(settings: Warehouse, errors: list[BaseException]) -> BaseException:
    name = settings.destination
    for error in errors:
        match error:
            case JalonError() | KeyboardInterrupt():
                return error
            case ConfigFieldMissingException():
                return _missing(name, error)
            case MissingDependencyException():
                return ConfigError(f"{name} needs packages that are not installed", _install(name))
            case ImportError():
                return ConfigError(f"{name}: {error}", f"Install that package too. {_install(name)}")
            case ConfigurationException():
                said = f"dlt cannot read the settings or credentials of {name}"
                return ConfigError(said, "See what `credentials` may be in docs/delivery.md.")
    return _refusal(settings, errors[-1])


def _missing(name: str, error: ConfigFieldMissingException) -> ConfigError:
    variables = " and ".join(f"DESTINATION__{name.upper()}__{field.upper()}" for field in error.fields)
    remedy = f"Give the delivery `credentials`, or set {variables} as dlt's page on {name} says."
    return ConfigError(f"{name} lacks {', '.join(error.fields)}, or a part of it", remedy)


def _install(name: str) -> str:
    return f"Run `pip install 'jalon[warehouse]' 'dlt[{name}]'`."


def _refusal(settings: Warehouse, error: BaseException) -> JalonError:
    said = _said(settings, error)
    if any(word in said.lower() for word in REFUSED):
        return AuthError(f"{settings.destination} refuses the user: {said}", "Check the credentials and their rights.")
    remedy = "Check address, rights and network, then run `jalon deliver` again: it does what is left to do."
    return JalonError(f"{settings.destination}: {said}", remedy)


def _said(settings: Warehouse, error: BaseException) -> str:
    """Return the first line of an error: further ones may quote a row."""
    line = next(iter(str(error).strip().splitlines()), "")
    for secret in _secrets(settings):
        line = line.replace(secret, "***")
    return line[:LONGEST] or type(error).__name__


def _secrets(settings: Warehouse) -> list[str]:
    """Return the credentials, and the password within an address as it stands there and as it is meant."""
    whole = settings.credentials.get_secret_value() if settings.credentials else ""
    password = urlsplit(whole).password if "://" in whole else None
    return [secret for secret in (whole, password, unquote(password or "")) if secret]
