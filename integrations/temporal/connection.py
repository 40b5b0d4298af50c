"""One way to reach the Temporal server, so that all clients and workers speak alike."""

import dataclasses

from temporalio.client import Client, GrpcCompression
from temporalio.contrib.pydantic import PydanticPayloadConverter
from temporalio.converter import DataConverter, DefaultFailureConverterWithEncodedAttributes

from integrations.temporal.codec import EncryptingCodec, PayloadKeys


def data_converter(*, keys: PayloadKeys) -> DataConverter:
    """Typed JSON payloads, encrypted; failure texts and stacks are encrypted with them."""
    return dataclasses.replace(
        DataConverter.default,
        payload_converter_class=PydanticPayloadConverter,
        payload_codec=EncryptingCodec(keys),
        failure_converter_class=DefaultFailureConverterWithEncodedAttributes,
    )


async def connect(*, address: str, namespace: str, keys: PayloadKeys) -> Client:
    """Connect. Raises ``RuntimeError`` of the SDK when the server cannot be reached."""
    return await Client.connect(
        address,
        namespace=namespace,
        data_converter=data_converter(keys=keys),
        grpc_compression=GrpcCompression.NONE,
    )
