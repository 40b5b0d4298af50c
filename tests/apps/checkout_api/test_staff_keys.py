"""Staff are taken on and let go by a workflow, and their keys open the API or do not."""

import secrets

import httpx
import pytest
from temporalio.client import WorkflowFailureError
from temporalio.exceptions import ApplicationError

from meqenet.auth.roles import Role
from meqenet.errors import Refusal
from tests.apps.checkout_api.staff import Agent
from workers.connecting import temporal_client
from workers.opening import Environment, utc_now
from workers.staffing import let_go, staff_id_of, take_on

UNKNOWN = "/v1/support/plans/pln_" + "a" * 20


async def test_a_key_opens_what_its_role_allows_until_its_holder_goes(
    http: httpx.AsyncClient, environment: Environment, working: None, unique: str
) -> None:
    del working
    client, handle = await temporal_client(settings=environment.settings), f"agent-{unique}"
    joined = await take_on(
        client=client,
        handle=handle,
        role=Role.SUPPORT,
        at=utc_now(),
        randomness=secrets.token_bytes,
    )
    assert joined.key not in repr(joined)
    agent = Agent(http=http, staff_id=joined.staff_id, key=joined.key)
    assert (await agent.get(UNKNOWN)).json()["code"] == "plan_unknown"
    assert await let_go(client=client, handle=handle, at=utc_now()) == joined.staff_id
    assert (await agent.get(UNKNOWN)).json()["code"] == "staff_key_revoked"


async def test_nobody_unknown_is_let_go(
    environment: Environment, working: None, unique: str
) -> None:
    del working
    client = await temporal_client(settings=environment.settings)
    with pytest.raises(WorkflowFailureError) as failed:
        await let_go(client=client, handle=f"nobody-{unique}", at=utc_now())
    assert isinstance(failed.value.cause, ApplicationError)
    assert failed.value.cause.type == "staff_unknown"


@pytest.mark.parametrize("handle", ["", "a", "Abebe", "abebe kebede", "1abebe", "a" * 41])
def test_a_handle_has_a_form(handle: str) -> None:
    with pytest.raises(Refusal) as refusal:
        staff_id_of(handle=handle)
    assert refusal.value.code == "handle_malformed"
