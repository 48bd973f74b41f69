"""`codes acl`: the rights that each role and neighbour needs, under the current settings.

Out:      the Markdown of docs/access.md, JSON, or what applies the rights: commands, Terraform, Strimzi.
"""

from typing import Annotated, Literal

import typer

Format = Literal["table", "kafka", "terraform", "strimzi"]


def acl(
    format_: Annotated[Format, typer.Option("--format", help="What to print.")] = "table",
    json_: Annotated[bool, typer.Option("--json", help="Print a JSON list.")] = False,
    cluster: Annotated[str, typer.Option(help="Name of the Kafka cluster in Strimzi.")] = "kafka",
) -> None:
    """Show the rights in Kafka, MongoDB and AWS that each role and each neighbouring program needs.

    `table` is Markdown; `kafka` a shell script; `terraform` a .tf.json file; `strimzi` objects for kubectl.
    """
    from ops.access.table import access_table
    from ops.settings.load import load_settings

    settings = load_settings()
    table = access_table(settings)
    if json_:
        import json

        typer.echo(json.dumps([user.as_json() for user in table], indent=2))
        return
    from ops.access.formats import kafka_commands, strimzi, terraform
    from ops.access.markdown import markdown

    texts = {
        "table": lambda: markdown(table),
        "kafka": lambda: kafka_commands(table),
        "terraform": lambda: terraform(table, settings.mongo.database),
        "strimzi": lambda: strimzi(table, cluster),
    }
    typer.echo(texts[format_](), nl=False)
