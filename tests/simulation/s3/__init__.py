from types import SimpleNamespace
import aioboto3
from tests.simulation.s3.storage import Session
def replacements():
    return {aioboto3: SimpleNamespace(Session=Session)}
