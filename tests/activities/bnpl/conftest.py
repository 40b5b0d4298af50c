import pytest

from activities.bnpl import BnplActivities
from activities.contracts.bnpl import BnplSteps
from db.kernel.engine import Database
from tests.backing import Databases


@pytest.fixture
def bnpl(databases: Databases) -> Database:
    return databases["bnpl"]


@pytest.fixture
def steps(bnpl: Database) -> BnplSteps:
    return BnplActivities(database=bnpl)
