"""Every scenario of every `.feature` file, run against the roles."""

import pytest
from pytest_bdd import scenarios

pytestmark = pytest.mark.integration

scenarios(".")
