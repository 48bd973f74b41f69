"""Rule 7, of all imports of a campaign together: it has each valid code of their files, once, and no other.

In:   evidence, imports.
Out:  violations; never a value of a code.

| rule | broken if |
|---|---|
| `code_lost` | a valid row of a file has no code in the campaign |
| `code_twice` | several documents have the same value |
| `code_from_nowhere` | a code is in none of the campaign's files |
| `code_type` | a code has a type that none of its rows gives it |
| `import_sums` | the imports together inserted another number of codes than the campaign has |

A campaign that got codes without an import is not judged.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from tests.checking.evidence import Evidence
from tests.checking.requests import Fields
from tests.checking.uploads import Upload
from tests.checking.violation import Violation


def check_campaigns(evidence: Evidence, uploads: Mapping[str, Upload]) -> Iterator[Violation]:
    """Judge each campaign that has imports."""
    documents: defaultdict[str, list[Fields]] = defaultdict(list)
    for document in evidence.codes.values():
        documents[document["campaign_id"]].append(document)
    by_campaign: defaultdict[str, list[Upload]] = defaultdict(list)
    for upload in uploads.values():
        by_campaign[upload.command.campaign_id].append(upload)
    unended = {
        commanded[0].command.campaign_id for name, commanded in evidence.commanded.items() if name not in uploads
    }
    for campaign_id, its_uploads in by_campaign.items():
        if campaign_id not in unended:
            yield from judge_campaign(campaign_id, documents[campaign_id], its_uploads)


def judge_campaign(campaign_id: str, documents: Sequence[Fields], uploads: Sequence[Upload]) -> Iterator[Violation]:
    """Compare its codes with its files."""
    ids = (campaign_id, *(upload.import_id for upload in uploads))
    values = Counter(document["code"] for document in documents)
    wrong = []
    if len(values) < len(documents):
        wrong.append(Violation("code_twice", ids, "each value once", f"{len(documents) - len(values)} more"))
    if all(upload.rows is not None for upload in uploads):
        wrong += judge_values(ids, documents, values, uploads)
    yield from wrong
    inserted = sum(upload.end.fields.get("inserted", 0) for upload in uploads)
    if not wrong and inserted != len(documents):
        yield Violation("import_sums", ids, f"{inserted} codes inserted", f"{len(documents)}")


def judge_values(
    ids: tuple[str, ...], documents: Sequence[Fields], values: Counter[str], uploads: Sequence[Upload]
) -> Iterator[Violation]:
    """Every valid code of the files, and no other."""
    types: dict[str, set[str]] = {}
    for upload in uploads:
        for code, code_type in upload.codes.items():
            types.setdefault(code, set()).add(code_type)
    lost = sum(1 for code in types if code not in values)
    if lost:
        yield Violation("code_lost", ids, "every valid row", f"{lost} missing")
    unknown = tuple(document["_id"] for document in documents if document["code"] not in types)
    if unknown:
        yield Violation("code_from_nowhere", (ids[0], *unknown[:5]), "no code", f"{len(unknown)}")
    wrong = tuple(
        document["_id"]
        for document in documents
        if document["code"] in types and document["code_type"] not in types[document["code"]]
    )
    if wrong:
        yield Violation("code_type", (ids[0], *wrong[:5]), "a type of its rows", f"{len(wrong)} others")
