"""The settings of webhooks: stock alerts as HTTP requests.

Out: `WebhookSettings`; a variable of a field is `CODES_WEBHOOKS__<FIELD>`.
"""

from typing import Annotated

from pydantic import Field, SecretStr

from schemas.settings import Group

WebAddress = Annotated[str, Field(pattern=r"^https?://[^\s]+$")]


class WebhookSettings(Group):
    """Receivers of stock alerts, and what they are sent. `codes inventory` sends them."""

    targets: SecretStr | None = None
    """JSON list of receivers: `name`, `url`, and optionally `format` (`json`, `slack`), `campaigns` (patterns such as
    `spring-*`), `levels`; see docs/inventory.md#webhooks. Default: none."""
    page_url: WebAddress | None = None
    """Address of the page, such as `https://codes.example`, for links to campaigns; default: no links."""
    runbook_url: WebAddress | None = None
    """Address of your instructions for a short stock, to be linked; default: no link."""
    timeout_s: Annotated[float, Field(gt=0, le=60)] = 10.0
    """Seconds that a receiver has to answer."""
    give_up_after_s: Annotated[int, Field(ge=1, le=30 * 86_400)] = 86_400
    """Age of an alert in seconds at which its delivery is given up."""
