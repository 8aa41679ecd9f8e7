"""The store: one folder, one SQLite file, one fair writer lock; facts and marts beside it as Parquet."""
