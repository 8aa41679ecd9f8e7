"""What the page is made of: blocks, and which of them each reader sees first.

To add one, `name`:

1. `prepared(told, say) -> Row | None` in a module of its own: what its template sees as `it`. `told` are the figures,
   `say` is the `Language`; `it["says"]` is the one sentence that says what to read from the block, with its figures.
   None: there is nothing to show, and the block is left out.
2. `templates/blocks/<name>.html`: `{% extends "block.html" %}`, with the blocks `title`, `body` and, for how to read
   it, `help` (`says`, where `it.says` will not do). It sees `it`, `told`, `say`, `coins` (currency -> number), `chosen`
   (the model shown first) and the filters and functions of `page.environment`. What depends on the model, the stage
   model or the currency that the reader chooses stands once for each in an element of the class `m m-<model>`,
   `p p-<preset>` or `c c-<number of the currency>`; style shows the chosen one.
3. A line in `registry.BLOCKS`, at its place on the page; where it comes earlier for some readers, its name in
   `readers.ROLES`.
4. French for its sentences in a catalog under `locale/fr/LC_MESSAGES`: `tests/report/test_languages.py` names what is
   missing.
"""
