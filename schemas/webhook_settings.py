"""The settings of webhooks: stock alerts, and what needs attention, as HTTP requests.

Out: `WebhookSettings`; a variable of a field is `CODES_WEBHOOKS__<FIELD>`.
"""

from typing import Annotated

from pydantic import Field, SecretStr

from schemas.settings import Group

WebAddress = Annotated[str, Field(pattern=r"^https?://[^\s]+$")]


class WebhookSettings(Group):
    """Receivers of stock alerts and of what needs attention, and what they are sent. `codes inventory` sends them."""

    targets: SecretStr | None = None
    """JSON list of receivers: `name`, `url`, and optionally `format` (`json`, `slack`), `campaigns` (patterns such as
    `spring-*`), `levels`, `attention`; see docs/inventory.md#webhooks. Default: none."""
    page_url: WebAddress | None = None
    """Address of the page, such as `https://codes.example`, for links to campaigns; default: no links."""
    runbook_url: WebAddress | None = None
    """Address of your instructions for a short stock, to be linked; default: no link."""
    timeout_s: Annotated[float, Field(gt=0, le=60)] = 10.0
    """Seconds that a receiver has to answer."""
    give_up_after_s: Annotated[int, Field(ge=1, le=30 * 86_400)] = 86_400
    """Age of a message in seconds at which its delivery is given up."""
    attention_after_s: Annotated[int, Field(ge=0, le=86_400)] = 60
    """Seconds that an item needs attention before it is sent, and that it is over before that is sent."""
