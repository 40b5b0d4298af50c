"""One way to reach the Temporal server, so that all clients and workers speak alike."""

import dataclasses

from temporalio.client import Client, GrpcCompression
from temporalio.contrib.pydantic import PydanticJSONPlainPayloadConverter
from temporalio.converter import (
    CompositePayloadConverter,
    DataConverter,
    DefaultFailureConverterWithEncodedAttributes,
    DefaultPayloadConverter,
    JSONPlainPayloadConverter,
)

from integrations.temporal.codec import EncryptingCodec, PayloadKeys

_TYPED_JSON = PydanticJSONPlainPayloadConverter()
"""One for the whole process: it remembers how each type is read, which takes a while to learn."""


class TypedPayloadConverter(CompositePayloadConverter):
    """Typed JSON. The SDK makes one for each workflow run; all share what they have learned."""

    def __init__(self) -> None:
        super().__init__(
            *(
                _TYPED_JSON if isinstance(each, JSONPlainPayloadConverter) else each
                for each in DefaultPayloadConverter.default_encoding_payload_converters
            )
        )


def data_converter(*, keys: PayloadKeys) -> DataConverter:
    """Typed JSON payloads, encrypted; failure texts and stacks are encrypted with them."""
    return dataclasses.replace(
        DataConverter.default,
        payload_converter_class=TypedPayloadConverter,
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
