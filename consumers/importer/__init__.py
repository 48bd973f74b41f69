"""The importer: import commands, each taken to its end.

Read `roles/importer.py` (put together), `commands.py` (a command to its end), then `run.py` (one import: fetch,
gather, plan, apply, publish). The others are their tools: `owner.py` (the import's document), `chunk_source.py` (the
object), `publisher.py` (progress), `report.py` (rejected rows), `waits.py` (retries, stop, cancellation),
`attempts.py` (conflicts and refusals).
"""
