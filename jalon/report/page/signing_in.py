"""What the sign-in at `jalon serve` says, in each language: it stands before the page and is no part of it."""

from __future__ import annotations

from jalon.report.page.language import Language


def words(say: Language) -> dict[str, str]:
    """Return the sentences of the form, by what they are for."""
    return {
        "asked": say._("The report is shown to who knows its token."),
        "wrong": say._("That was not the token."),
        "token": say._("Token of the report"),
        "show": say._("Show the report"),
        "sign_out": say._("Sign out"),
    }
