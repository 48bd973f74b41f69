"""Why an import ended as it did, and why a row was rejected: each reason with what to do about it.

Out:      `IMPORT_REMEDIES` and `ROW_REMEDIES`: reason to one sentence that tells a campaign manager what to do.
Promise:  every reason that an event or a report can hold is here, and docs/imports.md says the same; tests compare.
"""

from collections.abc import Mapping
from typing import Final

IMPORT_REMEDIES: Final[Mapping[str, str]] = {
    "no_such_object": "Check bucket, key and version, put the object there, and import it again.",
    "no_such_bucket": "Check the bucket's name; if it is right, ask the operators to check CODES_S3__ENDPOINT_URL.",
    "access_denied": "Check the key; if it is right, ask the operators to let the importer read the bucket.",
    "bucket_not_allowed": "Use an allowed bucket, or ask the operators to add this one to CODES_S3__ALLOWED_BUCKETS.",
    "bad_key": "Rename the object so that its key has no dot segments and no control characters, and import it.",
    "object_changed": "Import it again, and leave the object alone meanwhile.",
    "object_archived": "Restore the object from its archive class, then import it again.",
    "object_refused": "Ask the operators to look for the reason in S3's own log.",
    "empty": "Check the export, and upload a file that has rows.",
    "too_large": "Split the file, and import its parts.",
    "too_many_rows": "Split the file, and import its parts.",
    "bad_gzip": "Compress and upload the file again, or upload it as plain text without .gz, and import it again.",
    "not_utf8": "Save the file as UTF-8, or name it .gz if it is compressed, and import it again.",
    "database_refused": "Tell the operators the import's id, and import it again when they have mended the database.",
    "request_id_reused": "Send the command with a new request_id.",
    "invalid_request": "Read the dead letter's dlq-detail, correct the command, and send it with a new request_id.",
    "cancelled": "Send the file again with codes imports retry ID if the rest of it is wanted.",
    "report_not_written": "Let the importer write beside the object, and import the file again to get its report.",
}
"""By `reason` of an import's end event; the last one goes with `completed`."""

ROW_REMEDIES: Final[Mapping[str, str]] = {
    "empty": "Fill the code in, or remove the row.",
    "too_long": "Check that the column is the codes'.",
    "bad_character": "Check the export, and save it with LF or CRLF.",
    "code_type": "Write tm or external into the cell, or nothing.",
    "bad_quoting": "Double the quotes inside cells, and close the open one.",
    "line_too_long": "Shorten the line, and check that the file is a CSV.",
}
"""By `reason` of a row in a reject report; its words are those of `handlers.imports.cells`."""
