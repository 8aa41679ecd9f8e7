"""What own channels can tell: shapes of records, and ready-made templates for the files that carry them.

A *shape* is one kind of record, field by field (`shapes`). The hook takes records as they are; a file's rows become
records by a *template* (`tables`): which column is which field. All of it is data; what it means is said once, in
`jalon.normalize.forms`.
"""
