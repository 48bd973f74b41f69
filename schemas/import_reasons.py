"""The reasons for which an import ends or a row is rejected, each with its remedy.

Out:      `IMPORT_REMEDIES` and `ROW_REMEDIES`: reason to one sentence of advice for a campaign manager.
Promise:  every reason in an event or a report is here, and docs/imports.md has the same sentences; tests compare.
"""

from collections.abc import Mapping
from typing import Final

IMPORT_REMEDIES: Final[Mapping[str, str]] = {
    "no_such_object": "Check the bucket, key and version, upload the object if it is missing, and import it again.",
    "no_such_bucket": "Check the bucket name; if it is correct, ask the operators to check CODES_S3__ENDPOINT_URL.",
    "access_denied": "Check the key; if it is correct, ask the operators to give the importer read access.",
    "bucket_not_allowed": "Use an allowed bucket, or ask the operators to add this one to CODES_S3__ALLOWED_BUCKETS.",
    "bad_key": "Rename the object so that its key has no dot segments or control characters, and import it again.",
    "object_changed": "Import the object again, and do not replace it while the import runs.",
    "object_archived": "Restore the object from its archive storage class, then import it again.",
    "object_refused": "Ask the operators to look for the reason in the log of S3.",
    "empty": "Check the export, and upload a file that has rows.",
    "too_large": "Split the file, and import the parts.",
    "too_many_rows": "Split the file, and import the parts.",
    "bad_gzip": "Compress and upload the file again, or upload it as plain text without .gz, and import it again.",
    "not_utf8": "Save the file as UTF-8, or name it .gz if it is compressed, and import it again.",
    "database_refused": "Send the import's id to the operators; import it again once they have fixed the database.",
    "request_id_reused": "Send the command with a new request_id.",
    "invalid_request": "Read the dead letter's dlq-detail, correct the command, and send it with a new request_id.",
    "campaign_closed": "Reopen the campaign with codes campaigns reopen ID, then import the file again.",
    "cancelled": "If you want the remaining rows, import the file again with codes imports retry ID.",
    "report_not_written": "Let the importer write next to the object, and import the file again to get the report.",
}
"""By `reason` of an import's end event. `report_not_written` occurs with the state `completed`."""

ROW_REMEDIES: Final[Mapping[str, str]] = {
    "empty": "Enter the code, or remove the row.",
    "too_long": "Check that this is the column with the codes.",
    "bad_character": "Check the export, and save the file with LF or CRLF line endings.",
    "code_type": "Enter tm or external in the cell, or leave it empty.",
    "bad_quoting": "Double the quotes inside cells, and close every open quote.",
    "line_too_long": "Shorten the line, and check that the file is a CSV file.",
}
"""By `reason` of a row in a reject report; `handlers.imports.cells` defines the reasons."""
