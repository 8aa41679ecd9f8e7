"""A MariaDB server of the machine's own package, for one run of the tests."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.report.postgres_server import PASSWORD, free_port

SETTINGS = ["--character-set-server=latin1", "--innodb-flush-log-at-trx-commit=0"]
"""Its own character set, which must not matter; and no waiting for the disk."""
PATH = f"{os.environ.get('PATH', '')}:/usr/sbin"
"""Debian puts the server where only root looks."""


@contextmanager
def running() -> Iterator[str]:
    """Give the address of a server on a free port of loopback, as SQLAlchemy writes it; skip where there is none."""
    server, install = shutil.which("mariadbd", path=PATH), shutil.which("mariadb-install-db", path=PATH)
    if server is None or install is None:
        pytest.skip("MariaDB is not installed (Debian: apt-get install mariadb-server)")
    folder = Path(tempfile.mkdtemp(prefix="jalon-my-", dir="/tmp"))  # a socket's path must be short
    user = _runner()
    try:
        if user:
            shutil.chown(folder, user)
        data, port = folder / "data", free_port()
        made = [install, "--no-defaults", f"--datadir={data}", "--auth-root-authentication-method=normal"]
        subprocess.run([*made, "--skip-test-db"], check=True, capture_output=True, user=user, cwd=folder)
        first = folder / "first.sql"
        first.write_text(
            f"CREATE USER jalon@'127.0.0.1' IDENTIFIED BY '{PASSWORD}';\nGRANT ALL ON *.* TO jalon@'127.0.0.1';\n"
        )
        first.chmod(0o644)
        where = [f"--datadir={data}", f"--socket={folder}/s", f"--port={port}", "--bind-address=127.0.0.1"]
        command = [server, "--no-defaults", *where, f"--init-file={first}", *SETTINGS]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(command, user=user, cwd=folder, stdout=log, stderr=log)
        try:
            _await(process, port, folder / "log")
            yield f"mysql+pymysql://jalon:{PASSWORD}@127.0.0.1:{port}"
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _runner() -> str | None:
    """Return the user to run it as: MariaDB refuses root."""
    if os.getuid():
        return None
    known = {user.pw_name for user in pwd.getpwall()}
    return "mysql" if "mysql" in known else "nobody"


def _await(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    import pymysql

    for _ in range(200):
        assert server.poll() is None, log.read_text()
        try:
            pymysql.connect(host="127.0.0.1", port=port, user="jalon", password=PASSWORD).close()
            return
        except pymysql.OperationalError:
            time.sleep(0.1)
    raise AssertionError(log.read_text())
