"""The baseline: one httpx client, pages in sequence, json.loads, SQLite upsert and commit per page. Nothing else.

`python -m benchmarks.bare URL FILE`
"""

from __future__ import annotations

import json
import sqlite3
import sys

import httpx


def main(url: str, file: str) -> None:
    db = sqlite3.connect(file)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("CREATE TABLE orders (id TEXT PRIMARY KEY, updated INTEGER, body TEXT)")
    upsert = (
        "INSERT INTO orders VALUES (?, ?, ?) "
        "ON CONFLICT(id) DO UPDATE SET updated = excluded.updated, body = excluded.body"
    )
    token, pages = "", 0
    with httpx.Client(base_url=url) as client:
        while True:
            query = {"page_size": "100", "page_token": token, "sort_field": "update_time", "sort_order": "ASC"}
            body = b'{"update_time_ge":0,"update_time_lt":4000000000}'
            answer = client.post(
                "/order/202309/orders/search", params=query, content=body, headers={"content-type": "application/json"}
            )
            data = json.loads(answer.content)["data"]
            with db:
                db.executemany(upsert, [(o["id"], o["update_time"], json.dumps(o)) for o in data["orders"]])
            pages += 1
            token = data["next_page_token"]
            if not token:
                break
    print(json.dumps({"pages": pages, "rows": db.execute("SELECT count(*) FROM orders").fetchone()[0]}))


if __name__ == "__main__":
    main(*sys.argv[1:])
