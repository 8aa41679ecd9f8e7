"""The command `jalon`: the group of all commands, and the process that it runs in.

The words of each command stand in `jalon.command_line`; what it does, in `jalon.commands`, is imported once it runs.
stdout is data, stderr is talk; `jalon.commands.common.EXITS` says what each exit status means.
"""

from __future__ import annotations

import gc
import os
import sys

import click

from jalon import __version__
from jalon.command_line import looking, persons, playing, reading, telling
from jalon.command_line.links import links
from jalon.command_line.quarantine import quarantine
from jalon.commands.common import EXITS, run
from jalon.store.arrow import stay_small


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110}, epilog=EXITS)
@click.version_option(__version__, prog_name="jalon")
@click.option("-v", "--verbose", count=True, help="Log what happens to stderr; twice for more.")
def cli(verbose: int) -> None:
    """Social sales, from every platform to one journey.

    jalon polls and receives social platforms and shops, joins what they tell into journeys, and attributes purchases to
    touchpoints, content, creators and stages. Begin with `jalon demo`, or with `jalon init`.
    """
    from jalon.commands.logs import configure

    configure(verbose)


for command in (
    *(looking.init, looking.doctor, looking.connectors, looking.status, looking.config),
    *(reading.sync, reading.import_files, reading.templates, reading.backfill, reading.serve),
    *(reading.normalize, persons.erase, persons.disclose, reading.forget_source, links, quarantine),
    *(telling.attribute, telling.report, telling.deliver, telling.explain, telling.compare),
    *(playing.sandbox, playing.demo),
):
    cli.add_command(command)


FACTS_ONLY = frozenset({"sync", "backfill", "import", "normalize", "quarantine"})
"""Commands that write facts and then end, and so may load Arrow without its friends."""

SELDOM = (50_000, 20, 100)
"""When such a command looks for cycles: pages of records hold none, and looking there costs a tenth of its time."""

FIGURES_ONLY = frozenset({"attribute", "report", "explain", "compare"})
"""Commands that make figures and then end. They look for no cycles at all: expressions hold each other, but are as many
whatever the data (60 MiB more at the end of a report), and looking there costs a tenth of the time."""


def main() -> None:
    """Run the command line, in a process of its own."""
    # Threads of OpenBLAS wait by spinning: over small matrices that costs a hundred times the arithmetic.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    words = set(sys.argv[1:])
    if FACTS_ONLY & words:
        stay_small()
        gc.set_threshold(*SELDOM)
    elif FIGURES_ONLY & words:
        gc.disable()
    run(cli)
