"""What migrations call to make the kernel's tables.

Shipped once, these never change: a later shape gets a function of its own, and each domain a
migration that calls it.
"""

from alembic import op


def create_events() -> None:
    """The event log and the readers' positions."""
    op.execute(
        """
        CREATE TABLE events (
            stream text NOT NULL,
            stream_sequence bigint NOT NULL,
            id text NOT NULL,
            type text NOT NULL,
            version integer NOT NULL,
            data jsonb NOT NULL,
            effective_at timestamptz NOT NULL,
            recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
            xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
            position bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
            previous_hash bytea NOT NULL,
            hash bytea NOT NULL,
            CONSTRAINT pk_events PRIMARY KEY (stream, stream_sequence),
            CONSTRAINT uq_events_stream_id UNIQUE (stream, id),
            CONSTRAINT ck_events_sequence_from_one CHECK (stream_sequence >= 1),
            CONSTRAINT ck_events_hashes_are_sha256
                CHECK (length(previous_hash) = 32 AND length(hash) = 32)
        )
        """
    )
    op.execute(
        "COMMENT ON COLUMN events.stream IS 'whose life it belongs to, a plan id for example'"
    )
    op.execute("COMMENT ON COLUMN events.stream_sequence IS '1, 2, 3 … within the stream'")
    op.execute("CREATE INDEX ix_events_outbox ON events (xid, position)")
    op.execute(
        """
        CREATE TABLE relay_position (
            name text NOT NULL,
            xid xid8 NOT NULL,
            position bigint NOT NULL,
            moved_at timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT pk_relay_position PRIMARY KEY (name)
        )
        """
    )


def create_anchors() -> None:
    """Signed anchors over the event chains, and an index by which recent events are found."""
    op.execute("CREATE INDEX ix_events_recorded_at ON events USING brin (recorded_at)")
    op.execute(
        """
        CREATE TABLE anchors (
            number bigint NOT NULL,
            previous_hash bytea NOT NULL,
            from_xid xid8 NOT NULL,
            until_xid xid8 NOT NULL,
            taken_at timestamptz NOT NULL,
            streams bigint NOT NULL,
            events bigint NOT NULL,
            root bytea NOT NULL,
            key_id text NOT NULL,
            hash bytea NOT NULL,
            signature bytea NOT NULL,
            CONSTRAINT pk_anchors PRIMARY KEY (number)
        )
        """
    )
    op.execute("COMMENT ON COLUMN anchors.until_xid IS 'the first that it does not cover'")
    op.execute(
        """
        CREATE TABLE anchor_heads (
            stream text NOT NULL,
            anchor bigint NOT NULL,
            events bigint NOT NULL,
            first_sequence bigint NOT NULL,
            last_sequence bigint NOT NULL,
            head bytea NOT NULL,
            notes bytea NOT NULL,
            CONSTRAINT pk_anchor_heads PRIMARY KEY (stream, anchor)
        )
        """
    )
    op.execute("CREATE INDEX ix_anchor_heads_anchor ON anchor_heads (anchor)")
    op.execute("COMMENT ON COLUMN anchor_heads.notes IS 'over recorded_at, xid and position'")


def create_person_keys() -> None:
    """One wrapped data key per person, for domains that hold private data."""
    op.execute(
        """
        CREATE TABLE person_keys (
            person_id text NOT NULL,
            key_id text NOT NULL,
            wrapped_key bytea NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT pk_person_keys PRIMARY KEY (person_id)
        )
        """
    )
    op.execute("CREATE INDEX ix_person_keys_key_id ON person_keys (key_id)")
    op.execute("COMMENT ON COLUMN person_keys.key_id IS 'the key that wraps this one'")


def create_inbox() -> None:
    """What a domain has taken in of other domains' events, and what it could not take in."""
    op.execute(
        """
        CREATE TABLE inbox_positions (
            consumer text NOT NULL,
            source text NOT NULL,
            xid xid8 NOT NULL,
            position bigint NOT NULL,
            passed bigint NOT NULL,
            moved_at timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT pk_inbox_positions PRIMARY KEY (consumer, source)
        )
        """
    )
    op.execute(
        "COMMENT ON COLUMN inbox_positions.passed IS 'how many events lie behind the position'"
    )
    op.execute(
        """
        CREATE TABLE inbox_streams (
            stream text NOT NULL,
            source text NOT NULL,
            consumer text NOT NULL,
            sequence bigint NOT NULL,
            CONSTRAINT pk_inbox_streams PRIMARY KEY (stream, source, consumer)
        )
        """
    )
    op.execute("COMMENT ON COLUMN inbox_streams.sequence IS 'the last event that has its effect'")
    op.execute(
        """
        CREATE TABLE parked_events (
            stream text NOT NULL,
            source text NOT NULL,
            consumer text NOT NULL,
            stream_sequence bigint NOT NULL,
            parked_id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
            xid xid8 NOT NULL,
            position bigint NOT NULL,
            event jsonb NOT NULL,
            error_type text,
            error_code text,
            tries integer NOT NULL,
            parked_at timestamptz NOT NULL DEFAULT now(),
            next_try_at timestamptz,
            CONSTRAINT pk_parked_events PRIMARY KEY (stream, source, consumer, stream_sequence),
            CONSTRAINT uq_parked_events_parked_id UNIQUE (parked_id)
        )
        """
    )
    op.execute("CREATE INDEX ix_parked_events_consumer ON parked_events (consumer, next_try_at)")
    op.execute(
        "COMMENT ON COLUMN parked_events.error_type IS 'null: it only waits behind another one'"
    )
