"""Bulk operations: a query run aside, its result a file of JSON lines at a signed address.

https://shopify.dev/docs/api/usage/bulk-operations/queries

Children are lines of their own that name their parent; unless `groupObjects` is asked for they do not stand next to it.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlencode

import orjson
from graphql import GraphQLError, OperationDefinitionNode, parse

from jalon.sandbox.shopify.bulk_rules import Validator, fields_of, fragments_of, items_of, refused
from jalon.sandbox.shopify.journey import Tree, instant

LIFE_OF_URL = 7 * 86_400
AT_REST = 0.05
"""Seconds at most that a job is created and does not run yet."""
OVER = frozenset({"COMPLETED", "FAILED", "CANCELED", "EXPIRED"})


# --- running --------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Job:
    """One bulk operation."""

    number: int
    query: str
    created_at: float
    grouped: bool
    status: str = "CREATED"
    completed_at: float | None = None
    objects: int = 0
    roots: int = 0
    content: bytes = b""
    expires_at: float = 0.0
    error: str | None = None
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when it was cancelled."""

    @property
    def gid(self) -> str:
        """Return the global id."""
        return f"gid://shopify/BulkOperation/{self.number}"


def flatten(node: Tree, connections: frozenset[str], parent: str | None) -> tuple[Tree, list[tuple[str, Tree]]]:
    """Take the connections out of a node: return (its own line, [(parent id, child node)])."""
    line: Tree = {}
    children: list[tuple[str, Tree]] = []
    identity = node.get("id") or parent or ""
    for name, value in node.items():
        if isinstance(value, dict) and "edges" in value and name in connections:
            children.extend((identity, edge["node"]) for edge in value["edges"])
        elif isinstance(value, dict):
            line[name], below = flatten(value, connections, identity)
            children.extend(below)
        else:
            line[name] = value
    return line, children


def lines(nodes: list[Tree], connections: frozenset[str], *, grouped: bool) -> Iterator[Tree]:
    """Yield the lines of root nodes: children behind their parent when grouped, else behind all these parents."""
    later: list[tuple[str, Tree]] = []
    for node in nodes:
        line, children = flatten(node, connections, None)
        yield line
        if grouped:
            yield from _children(children, connections)
        else:
            later.extend(children)
    yield from _children(later, connections)


def _children(children: list[tuple[str, Tree]], connections: frozenset[str]) -> Iterator[Tree]:
    for parent, child in children:
        line, below = flatten(child, connections, parent)
        yield {**line, "__parentId": parent}
        yield from _children(below, connections)


def connection_names(text: str) -> frozenset[str]:
    """Return the response names of all connections in a query text."""
    document = parse(text)
    fragments = fragments_of(document)
    operation = next(node for node in document.definitions if isinstance(node, OperationDefinitionNode))
    names: set[str] = set()
    waiting = [operation.selection_set]
    while waiting:
        for node in fields_of(waiting.pop(), fragments):
            if items_of(node, fragments):
                names.add(node.alias.value if node.alias else node.name.value)
            if node.selection_set:
                waiting.append(node.selection_set)
    return frozenset(names)


Steps = Callable[[Job], Iterator[list[Tree]]]
"""Yield the root nodes of a job's result, some at a time, selected as its query says."""


@dataclass(slots=True)
class BulkJobs:
    """The bulk operations of one app in one shop.

    `wall` is the time that jobs and addresses live in (unix seconds); `seconds` how long a job takes at least.
    """

    validator: Validator
    steps: Steps
    wall: Callable[[], float]
    limits: dict[str, float]
    secret: bytes
    finished: Callable[[Job], None]
    storage: str = ""
    """Address of the storage host."""
    jobs: OrderedDict[int, Job] = field(default_factory=OrderedDict)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def run(self, text: str, *, grouped: bool) -> Tree:
        """Answer `bulkOperationRunQuery`."""
        errors = self.validator.check(text)
        active = [job.gid for job in self.jobs.values() if job.status not in OVER]
        if not errors and len(active) >= self.limits["bulk_jobs"]:
            said = f"A bulk query operation for this app and shop is already in progress: {', '.join(active)}."
            errors = [refused(said, "OPERATION_IN_PROGRESS")]
        if errors:
            return {"bulkOperation": None, "userErrors": errors}
        job = Job(7_964_079_784_242 + 32_768 * len(self.jobs), text, self.wall(), grouped)
        self.jobs[job.number] = job
        self._start(self._work(job))
        return {"bulkOperation": self.tree(job), "userErrors": []}

    def _start(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _work(self, job: Job) -> None:
        until = self.wall() + self.limits["bulk_seconds"]
        await asyncio.sleep(min(AT_REST, self.limits["bulk_seconds"] / 2))
        if job.status == "CREATED":
            job.status = "RUNNING"
        written = bytearray()
        names = connection_names(job.query)
        try:
            for nodes in self.steps(job):
                if job.status != "RUNNING":
                    break
                for line in lines(nodes, names, grouped=job.grouped):
                    written += orjson.dumps(line) + b"\n"
                    job.objects += 1
                job.roots += len(nodes)
                await asyncio.sleep(0)
        except GraphQLError as error:
            denied = (error.extensions or {}).get("code") == "ACCESS_DENIED"
            job.error = "ACCESS_DENIED" if denied else "INTERNAL_SERVER_ERROR"
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, until - self.wall())):
                await job.stop.wait()
        self._end(job, bytes(written))

    def _end(self, job: Job, content: bytes) -> None:
        job.completed_at = self.wall()
        if job.status == "CANCELING":
            job.status = "CANCELED"
        elif job.error:
            job.status = "FAILED"
        else:
            job.status, job.content = "COMPLETED", content
            job.expires_at = job.completed_at + LIFE_OF_URL
        self.finished(job)

    def cancel(self, number: int) -> Tree:
        """Answer `bulkOperationCancel`."""
        job = self.jobs.get(number)
        if job is None:
            return {
                "bulkOperation": None,
                "userErrors": [{"field": ["id"], "message": "Bulk operation does not exist"}],
            }
        if job.status in OVER:
            said = f"A bulk operation cannot be canceled when it is {job.status.lower()}"
            return {"bulkOperation": self.tree(job), "userErrors": [{"field": None, "message": said}]}
        job.status = "CANCELING"
        job.stop.set()
        return {"bulkOperation": self.tree(job), "userErrors": []}

    def tree(self, job: Job) -> Tree:
        """Return a job as `BulkOperation`; counters are text, an empty result has no address."""
        status = "EXPIRED" if job.status == "COMPLETED" and job.expires_at <= self.wall() else job.status
        done = status == "COMPLETED"
        return {
            "__typename": "BulkOperation",
            "id": job.gid,
            "type": "QUERY",
            "status": status,
            "errorCode": job.error,
            "query": job.query,
            "createdAt": instant(job.created_at),
            "completedAt": instant(job.completed_at) if job.completed_at is not None else None,
            "objectCount": str(job.objects),
            "rootObjectCount": str(job.roots),
            "fileSize": str(len(job.content)) if done and job.content else None,
            "url": self._url(job) if done and job.content else None,
            "partialDataUrl": None,
        }

    # --- the file ---------------------------------------------------------------------------------------------------

    def _signature(self, number: int, expires: int) -> str:
        return hmac.new(self.secret, f"{number} {expires}".encode(), hashlib.sha256).hexdigest()

    def _url(self, job: Job) -> str:
        expires = int(job.expires_at)
        query = urlencode({"X-Goog-Expires": expires, "X-Goog-Signature": self._signature(job.number, expires)})
        return f"{self.storage}/bulk-operation-outputs/{job.number}.jsonl?{query}"

    def download(self, number: int, query: str) -> bytes | None:
        """Return a file to whoever has its signed address while that is valid; None otherwise."""
        words = parse_qs(query)
        expires = words.get("X-Goog-Expires", ["0"])[0]
        signature = words.get("X-Goog-Signature", [""])[0]
        job = self.jobs.get(number)
        if job is None or not expires.isdigit() or int(expires) < self.wall():
            return None
        good = hmac.compare_digest(self._signature(number, int(expires)).encode(), signature.encode())
        return job.content if good else None

    async def close(self) -> None:
        """Stop what still runs."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
