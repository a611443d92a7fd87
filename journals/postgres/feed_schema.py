"""How do changes get into the feed of a journal in Postgres? Triggers write them, which exist while somebody follows.

So nobody pays for a feed that nobody follows; and a change is in the feed whatever statement has made it. To create a
trigger waits for all who write at that moment: what they write is in no feed, but in what a new subscriber is told.
Who comes after waits behind it. So it gives up at once, and is tried again, when somebody's transaction takes longer.

A change gets its position only when it is read, under the lock on the row of `feed`. So what is committed later never
comes to lie before what was read earlier, and the changes of an instance lie as they were made: each was numbered
under the lock on the instance.
"""

FEED = """
CREATE TABLE {schema}.changes (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    position bigint,
    subscriber text COLLATE "C" NOT NULL DEFAULT '',
    instance_id text COLLATE "C" NOT NULL,
    workflow text NOT NULL,
    version bigint NOT NULL,
    status text,
    before text,
    last_seq bigint NOT NULL,
    detail text NOT NULL,
    at timestamptz NOT NULL
);
CREATE INDEX changes_in_order ON {schema}.changes (subscriber, position) WHERE position IS NOT NULL;
CREATE INDEX changes_fresh ON {schema}.changes (number) WHERE position IS NULL;
CREATE INDEX changes_by_instance ON {schema}.changes (instance_id) WHERE detail <> '';
CREATE TABLE {schema}.feed (id bigint PRIMARY KEY, position bigint NOT NULL);
INSERT INTO {schema}.feed VALUES (1, 0);
CREATE TABLE {schema}.subscribers (
    name text COLLATE "C" PRIMARY KEY,
    position bigint NOT NULL,
    told_until text COLLATE "C",
    follower text NOT NULL
);
CREATE FUNCTION {schema}.note_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        INSERT INTO {schema}.changes (instance_id, workflow, version, status, before, last_seq, detail, at)
        VALUES (OLD.id, OLD.workflow, OLD.version, NULL, OLD.status, OLD.last_seq, OLD.detail, clock_timestamp());
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO {schema}.changes (instance_id, workflow, version, status, before, last_seq, detail, at)
        VALUES (NEW.id, NEW.workflow, NEW.version, NEW.status, NULL, NEW.last_seq, NEW.detail, NEW.updated_at);
    ELSE
        INSERT INTO {schema}.changes (instance_id, workflow, version, status, before, last_seq, detail, at)
        VALUES (NEW.id, NEW.workflow, NEW.version, NEW.status, OLD.status, NEW.last_seq, NEW.detail, NEW.updated_at);
    END IF;
    PERFORM pg_notify('{channel}', 'changed');
    RETURN NULL;
END $$;
CREATE FUNCTION {schema}.subscribe(who text, whose text) RETURNS bigint LANGUAGE plpgsql
SET lock_timeout = '100ms' AS $$
DECLARE
    latest bigint;
    found bigint;
BEGIN
    SELECT f.position INTO latest FROM {schema}.feed AS f FOR UPDATE;
    UPDATE {schema}.subscribers AS s SET follower = whose WHERE s.name = who RETURNING s.position INTO found;
    IF found IS NOT NULL THEN
        RETURN found;
    END IF;
    IF NOT EXISTS (SELECT 1 FROM {schema}.subscribers) THEN
        CREATE TRIGGER wio_started AFTER INSERT ON {schema}.instances
            FOR EACH ROW EXECUTE FUNCTION {schema}.note_change();
        CREATE TRIGGER wio_changed AFTER UPDATE OF status ON {schema}.instances
            FOR EACH ROW WHEN (
                OLD.status <> NEW.status
                AND NOT (OLD.status IN ('running', 'waiting') AND NEW.status IN ('running', 'waiting'))
            ) EXECUTE FUNCTION {schema}.note_change();
        CREATE TRIGGER wio_removed AFTER DELETE ON {schema}.instances
            FOR EACH ROW EXECUTE FUNCTION {schema}.note_change();
    END IF;
    INSERT INTO {schema}.subscribers (name, position, told_until, follower) VALUES (who, latest, '', whose);
    RETURN latest;
END $$;
CREATE FUNCTION {schema}.unsubscribe(who text) RETURNS boolean LANGUAGE plpgsql SET lock_timeout = '100ms' AS $$
BEGIN
    PERFORM 1 FROM {schema}.feed FOR UPDATE;
    DELETE FROM {schema}.subscribers WHERE name = who;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    IF EXISTS (SELECT 1 FROM {schema}.subscribers) THEN
        DELETE FROM {schema}.changes WHERE subscriber = who;
    ELSE
        DROP TRIGGER wio_started ON {schema}.instances;
        DROP TRIGGER wio_changed ON {schema}.instances;
        DROP TRIGGER wio_removed ON {schema}.instances;
        DELETE FROM {schema}.changes;
    END IF;
    RETURN true;
END $$;
"""
"""Creates the tables and functions of the feed."""

FEED_TABLES = frozenset({"changes", "feed", "subscribers"})
