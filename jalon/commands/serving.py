"""`jalon serve`: the receiver of all configured sources, from its addresses to its orderly end."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from jalon import errors
from jalon.commands.console import Console
from jalon.workplace import Workplace

if TYPE_CHECKING:
    from jalon.receive.live import LivePage
    from jalon.receive.receiver import Receiver
    from jalon.receive.sign_in import Words


def run_serve(console: Console, place: Workplace, host: str, port: int) -> int:
    """Receive deliveries until SIGTERM or SIGINT."""
    for name, lacking in place.config.lacking.items():
        console.warn(f"{name} receives nothing: {lacking[0]}")
    asyncio.run(_serve(console, place, host, port))
    console.say("stopped; every acknowledged delivery is stored")
    return errors.OK


async def _serve(console: Console, place: Workplace, host: str, port: int) -> None:
    from jalon.receive.receiver import serve

    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)

    def ready(port: int, metrics_port: int | None) -> None:
        _present(console, place, host, port, metrics_port)

    await serve(receiver_of(place), host, port, place.config.serve.metrics_port, stop, ready)


def _present(console: Console, place: Workplace, host: str, port: int, metrics_port: int | None) -> None:
    """Say at which address each source's deliveries arrive; where an own site's script and the report are."""
    from jalon.receive.sign_in import PATH as LIVE

    base = (place.config.main.public_url or f"http://{host}:{port}").rstrip("/")
    addresses = {name: base + _path(place, name) for name in _receiving(place)}
    report = base + LIVE if place.config.serve.report_token else None
    lines = [f"{name}: {address}" for name, address in addresses.items()]
    console.data(
        {"host": host, "port": port, "metrics_port": metrics_port, "addresses": addresses, "report": report},
        [*lines, *([f"report page: {report}"] if report else [])],
    )
    metrics = f"metrics on 127.0.0.1:{metrics_port}/metrics; " if metrics_port is not None else ""
    console.say(f"receiving on {host}:{port}; {metrics}stop with Ctrl-C")


def _receiving(place: Workplace) -> list[str]:
    """Return the sources that can receive: the others have secrets that cannot be had."""
    return [name for name in place.config.sources if name not in place.config.lacking]


def _path(place: Workplace, name: str) -> str:
    from jalon.connectors.site import SiteSettings
    from jalon.receive.hooks import path_of
    from jalon.receive.site import script_path

    token = place.keyring.hook_token(name)
    return script_path(token) if isinstance(place.config.sources[name], SiteSettings) else path_of(name, token)


def receiver_of(place: Workplace, now: Callable[[], float] = time.time) -> Receiver:
    """Return a receiver for all configured sources; `now` tells when somebody clicked a link."""
    from jalon.receive.hooks import Hook
    from jalon.receive.limits import Limits
    from jalon.receive.receiver import Receiver

    def hook(name: str) -> Hook:
        source = place.source(name)
        secrets = source.connector.secrets(source.settings)
        return Hook(source.connector, source.settings, secrets, place.keyring.hook_token(name))

    serve = place.config.serve
    limits = Limits(body=serve.max_body, connections=serve.connections)
    hooks = {name: hook(name) for name in _receiving(place)}
    return Receiver(place.store, place.keyring, hooks, limits, now, _live(place))


def _live(place: Workplace) -> LivePage | None:
    """Return what shows the report page, if a token for it is configured."""
    from jalon.commands.reporting import PAGE
    from jalon.receive.live import LivePage

    token = place.config.serve.report_token
    if token is None:
        return None
    over_tls = (place.config.main.public_url or "").startswith("https://")
    page, words = place.store.marts / PAGE, _words(place.config.report.lang)
    return LivePage(token.get_secret_value(), page, time.time, words, over_tls=over_tls)


def _words(usual: str) -> dict[str, Words]:
    """Return what the sign-in says in each language, the usual one first."""
    from jalon.receive.sign_in import Words
    from jalon.report.page.language import language
    from jalon.report.page.readers import LANGUAGES
    from jalon.report.page.signing_in import words

    names = (usual, *(name for name in LANGUAGES if name != usual))
    return {name: Words(**words(language(name))) for name in names}
