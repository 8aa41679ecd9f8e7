"""Tables of refusals: a row says what a platform's code means and what happens next, for people and for the engine.

Each platform has its own table and its own way to find the row. What a row comes to is here, as far as it is the same
for all; so is what to make of an answer that is not the platform's at all.
"""

from __future__ import annotations

from typing import Generic, Literal, NamedTuple, TypeVar

from jalon.connectors.base import Answer, Fault, Renew, Skip, Split, Stop, Wait

Act = Literal["renew", "wait", "throttled", "split", "skip", "gone", "fail", "auth", "config", "budget"]
"""What happens next. `fail` leaves the window for another run, `gone` skips an object that is not there any more; the
last three stop the source until a person has acted. A platform may have further words of its own."""

A = TypeVar("A", bound=str)


class Rule(NamedTuple, Generic[A]):
    """What a refusal means and, where it stops the source, what a person can do."""

    act: A
    meaning: str
    remedy: str = ""


class Gone(Skip):
    """The platform itself says that there is no such object, or none that we may see."""


def fault(act: Act, reason: str, remedy: str = "", seconds: float | None = None) -> Fault:
    """Return what an act comes to; `seconds` is how long to wait, None where the platform does not tell."""
    match act:
        case "renew":
            return Renew(reason)
        case "wait" | "throttled":
            return Wait(reason, seconds, throttled=act == "throttled")
        case "split":
            return Split(reason)
        case "skip":
            return Skip(reason)
        case "gone":
            return Gone(reason)
        case "fail":
            return Fault(reason)
        case "auth" | "config" | "budget":
            return Stop(reason, remedy, kind=act)


def foreign(answer: Answer, without: str, remedy: str, seconds: float | None = None) -> Fault:
    """Judge a refusal that is not the platform's own: of a proxy, of another server, or cut on its way.

    `without`: what of the platform's it lacks. One that says to be JSON was cut, and is asked for again.
    """
    reason = f"HTTP {answer.status} without {without}"
    if answer.status == 429:
        return Wait(reason, seconds, throttled=True)
    is_cut = "json" in answer.headers.get("content-type", "")
    if 400 <= answer.status < 500 and answer.status not in {408, 425} and not is_cut:
        return Stop(reason, remedy)
    return Wait(reason)
