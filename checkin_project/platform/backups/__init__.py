"""Backups of the whole database: made, kept, checked and put back.

A backup is two files in the storage `backups`: the data as the database's own tools write it (`pg_dump -Fc`, or a
gzipped SQLite file), sealed with age when a public key is set, and a manifest beside it that says what must be inside.
`making` writes them and tries them out, `keeping` lists, fetches and thins them out, `restoring` puts one back.
"""
