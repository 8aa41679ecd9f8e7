"""The fields that keep or change something: bulk operations and webhook subscriptions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from jalon.sandbox.shopify.asking import COUNTED, count, search
from jalon.sandbox.shopify.bulk import BulkJobs
from jalon.sandbox.shopify.fields import Resolver, by_number
from jalon.sandbox.shopify.hooks import Hooks
from jalon.sandbox.shopify.journey import Tree
from jalon.sandbox.shopify.pages import Row, connection, walk_rows
from jalon.sandbox.shopify.roots import Roots

# https://shopify.dev/docs/api/admin-graphql/2026-10/queries/bulkOperations#arguments-query
JOB_FIELDS: Mapping[str, Any] = {
    "created_at": "time",
    "completed_at": "time",
    "id": "id",
    "status": frozenset({"canceled", "canceling", "completed", "created", "failed", "running"}),
    "operation_type": frozenset({"query", "mutation"}),
}


@dataclass(slots=True)
class Operations:
    """Answer those fields over one app's jobs and subscriptions."""

    roots: Roots
    hooks: Hooks
    bulk: Callable[[], BulkJobs]
    """The jobs; they validate against the schema that these fields are part of, so they are made after it."""

    def resolvers(self) -> dict[str, Resolver]:
        """Return the table of fields."""
        jobs, subscriptions = "BulkOperation", "WebhookSubscription"
        return {
            "QueryRoot.bulkOperation": by_number(jobs, lambda number, _: self._job(number)),
            "QueryRoot.bulkOperations": self.jobs,
            "QueryRoot.currentBulkOperation": lambda *_, **__: self._job(next(reversed(self.bulk().jobs), 0)),
            "QueryRoot.webhookSubscription": by_number(subscriptions, lambda number, _: self._subscription(number)),
            "QueryRoot.webhookSubscriptions": self.subscriptions,
            "QueryRoot.webhookSubscriptionsCount": self.subscriptions_count,
            "Mutation.bulkOperationRunQuery": self.run,
            "Mutation.bulkOperationCancel": by_number(jobs, lambda number, _: self.bulk().cancel(number)),
            "Mutation.webhookSubscriptionCreate": self.create,
            "Mutation.webhookSubscriptionUpdate": by_number(subscriptions, self.update),
            "Mutation.webhookSubscriptionDelete": by_number(subscriptions, lambda number, _: self.hooks.delete(number)),
        }

    # --- bulk operations ----------------------------------------------------------------------------------------------

    def run(self, _source: Any, _info: Any, **arguments: Any) -> Tree:
        """Answer `bulkOperationRunQuery`."""
        return self.bulk().run(arguments["query"], grouped=arguments["groupObjects"])

    def _job(self, number: int) -> Tree | None:
        bulk = self.bulk()
        job = bulk.jobs.get(number)
        return bulk.tree(job) if job else None

    def jobs(self, _: Any, info: Any, query: str | None = None, **arguments: Any) -> Tree:
        """Answer `bulkOperations`."""
        dialect, node = search(self.roots.zone, info, query, dict(JOB_FIELDS))
        matches = dialect.matcher(node)
        bulk, rows = self.bulk(), []
        for number, job in bulk.jobs.items():
            sought: Tree = {
                "created_at": job.created_at,
                "completed_at": job.completed_at or 0,
                "id": number,
                "status": job.status,
                "operation_type": "query",
                "default": job.status,
            }
            if matches(sought.__getitem__):
                rows.append(Row(int(job.created_at), number, bulk.tree(job)))
        return connection(walk_rows(rows), arguments, timed=True)

    # --- webhook subscriptions ----------------------------------------------------------------------------------------

    def create(self, _source: Any, _info: Any, **arguments: Any) -> Tree:
        """Answer `webhookSubscriptionCreate`."""
        return self.hooks.create(arguments["topic"], arguments["webhookSubscription"])

    def update(self, number: int, _context: Any, **arguments: Any) -> Tree:
        """Answer `webhookSubscriptionUpdate`."""
        return self.hooks.update(number, arguments["webhookSubscription"])

    def _rows(self) -> list[Row]:
        return [Row(number, number, known.tree()) for number, known in self.hooks.by_number.items()]

    def subscriptions(self, _: Any, __: Any, **arguments: Any) -> Tree:
        """Answer `webhookSubscriptions`."""
        topics, uri = arguments.get("topics"), arguments.get("uri")
        rows = [
            row
            for row in self._rows()
            if (not topics or row.node["topic"] in topics) and (uri is None or row.node["uri"] == uri)
        ]
        return connection(walk_rows(rows), arguments)

    def subscriptions_count(self, _source: Any, _info: Any, limit: int | None = COUNTED, **_: Any) -> Tree:
        """Answer `webhookSubscriptionsCount`."""
        return count(iter(self._rows()), limit)

    def _subscription(self, number: int) -> Tree | None:
        known = self.hooks.by_number.get(number)
        return known.tree() if known else None
