"""Tokens for Amazon MSK with IAM: a request to the cluster, signed with the AWS credentials of this process.

In:       the region; credentials are found as by all AWS programs.
Out:      a token, valid for 15 minutes. Needs the extra `msk`.
"""

import asyncio
from typing import Final

from aws_msk_iam_sasl_signer import MSKAuthTokenProvider
from botocore.exceptions import BotoCoreError, NoCredentialsError
from botocore.session import Session

from ops.broker.refusals import TokenUnavailable

SIGN_TIMEOUT_S: Final = 20.0
"""Credentials of a role are fetched over the network."""


async def msk_token(region: str) -> str:
    """A new token; signing it takes no request to AWS if the credentials are known.

    Raises:
        TokenUnavailable: there are no AWS credentials at the moment.
    """
    try:
        async with asyncio.timeout(SIGN_TIMEOUT_S):
            return await asyncio.to_thread(_signed, region)
    except (BotoCoreError, TimeoutError, ValueError) as why:
        raise TokenUnavailable(f"AWS gives no credentials for MSK: {type(why).__name__}") from None


def _signed(region: str) -> str:
    if Session().get_credentials() is None:  # the signer would raise AttributeError
        raise NoCredentialsError
    token: str = MSKAuthTokenProvider.generate_auth_token(region)[0]
    return token
