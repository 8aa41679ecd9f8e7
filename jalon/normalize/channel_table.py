"""The channel rules by what is looked up in them: click id, word of a campaign, host."""

from __future__ import annotations

from collections.abc import Sequence

from jalon.normalize.channel_rules import Rule


class Table:
    """Rules in the order of their precedence: of two that claim one word, the upper one has it."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.rules = tuple(rules)
        self.ad_ids, self.click_ids = self._index("ad_ids"), self._index("click_ids")
        self.names, self.media = self._index("names"), self._index("media")
        self.brands, self.hosts = self._index("brands"), self._index("hosts")
        self._prefixes = {
            prefix: self.names[name]
            for prefix, name in (("forum", "forum"), ("forums", "forum"), ("webmail", "email"))
            if name in self.names
        }

    def _index(self, column: str) -> dict[str, Rule]:
        """Return word -> first rule that has it in a column."""
        index: dict[str, Rule] = {}
        for rule in self.rules:
            for word in getattr(rule, column).split():
                index.setdefault(word, rule)
        return index

    @property
    def channels(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(rule.channel for rule in self.rules))

    def of_host(self, host: str) -> Rule | None:
        """Return the rule of a host, of a domain above it, or of its brand; else of a forum or web mail."""
        labels = host.split(".")
        for start in range(len(labels)):
            if rule := self.hosts.get(".".join(labels[start:])):
                return rule
        return self._of_brand(labels) or self._prefixes.get(labels[0])

    def _of_brand(self, labels: list[str]) -> Rule | None:
        """Read 'www.google.co.uk' as the brand 'google': the last label but one or two, if a country follows."""
        if len(labels) >= 3 and len(labels[-2]) <= 3 and len(labels[-1]) == 2 and labels[-3] in self.brands:
            return self.brands[labels[-3]]
        return self.brands.get(labels[-2]) if len(labels) >= 2 and len(labels[-1]) <= 3 else None
