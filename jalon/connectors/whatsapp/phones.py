"""Phone numbers as WhatsApp writes them, in the one form in which a shop's customer has them: E.164.

A `wa_id` is a number in international form without its plus, but where a country has changed how its mobile numbers are
written, WhatsApp keeps the form of the day on which the person registered. "A WhatsApp user's phone number and ID may
not always match": https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages/system
"""

from __future__ import annotations

import re
from typing import NamedTuple

LONGEST, SHORTEST = 15, 7
"""Digits of an E.164 number, country code included. https://www.itu.int/rec/T-REC-E.164"""
_NOT_DIGITS = re.compile(r"\D+", re.ASCII)


class Plan(NamedTuple):
    """A form that a country has given up, and the one that took its place."""

    former: re.Pattern[str]
    now: str


# https://www.itu.int/en/ITU-T/inr/nnp/Pages/default.aspx: national numbering plans
PLANS = (
    # Mexico: no 1 between country code and the ten digits since 2019.
    Plan(re.compile(r"521(\d{10})"), r"52\1"),
    # Brazil: all mobile numbers have nine digits, the first a 9, since 2016.
    Plan(re.compile(r"55(\d{2})([6-9]\d{7})"), r"55\g<1>9\2"),
)


def e164(number: str) -> str | None:
    """Return a number as `+` and digits; None where it cannot be one."""
    digits = _NOT_DIGITS.sub("", number)
    for plan in PLANS:
        if match := plan.former.fullmatch(digits):
            digits = match.expand(plan.now)
    return f"+{digits}" if SHORTEST <= len(digits) <= LONGEST and digits[0] != "0" else None
