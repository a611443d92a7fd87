CREATE SCHEMA wio;
CREATE TABLE wio.meta (
    program text NOT NULL,
    version bigint NOT NULL
);
CREATE TABLE wio.instances (
    id text COLLATE "C" PRIMARY KEY,
    workflow text NOT NULL,
    version bigint NOT NULL,
    status text NOT NULL,
    finished boolean NOT NULL,
    last_seq bigint NOT NULL,
    wake_up timestamptz,
    detail text NOT NULL,
    started_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
) WITH (fillfactor = 70);
CREATE INDEX instances_unfinished ON wio.instances (id) WHERE NOT finished;
CREATE TABLE wio.entries (
    instance_id text COLLATE "C" NOT NULL,
    seq bigint NOT NULL,
    kind text NOT NULL,
    address text NOT NULL,
    type text,
    version bigint,
    payload text,
    recorded_at timestamptz NOT NULL,
    key text,
    response_type text,
    response_version bigint,
    response text,
    token text NOT NULL,
    PRIMARY KEY (instance_id, seq)
);
CREATE INDEX entries_by_key ON wio.entries (instance_id, left(key, 100), seq) WHERE key IS NOT NULL;
INSERT INTO wio.meta (program, version) VALUES ('wio', 1);
INSERT INTO wio.instances VALUES ('cancelled', 'order', '1', 'cancelled', 'true', '7', NULL, '', '2026-11-28 16:24:58.354951+00', '2026-11-28 16:24:58.35678+00');
INSERT INTO wio.instances VALUES ('ended', 'order', '1', 'completed', 'true', '10', NULL, '', '2026-11-28 16:24:58.340091+00', '2026-11-28 16:24:58.351613+00');
INSERT INTO wio.instances VALUES ('failing', 'failing', '1', 'failed', 'true', '3', NULL, '', '2026-11-28 16:24:58.358518+00', '2026-11-28 16:24:58.360543+00');
INSERT INTO wio.instances VALUES ('held', 'held', '1', 'running', 'false', '2', NULL, 'runs hold', '2026-11-28 16:24:58.361257+00', '2026-11-28 16:24:58.361774+00');
INSERT INTO wio.instances VALUES ('sleeping', 'sleeping', '1', 'waiting', 'false', '3', '2126-11-04 16:24:58.357648+00', 'waits at sleep until 2126-11-04 16:24:58 UTC', '2026-11-28 16:24:58.357162+00', '2026-11-28 16:24:58.357648+00');
INSERT INTO wio.instances VALUES ('troubled', 'troubled', '1', 'paused', 'false', '3', NULL, 'paused at print: OSError: the printer is on fire', '2026-11-28 16:24:58.357581+00', '2026-11-28 16:24:58.359061+00');
INSERT INTO wio.instances VALUES ('waiting', 'order', '1', 'waiting', 'false', '6', NULL, 'waits for signal approve at approve', '2026-11-28 16:24:58.352296+00', '2026-11-28 16:24:58.354539+00');
INSERT INTO wio.entries VALUES ('cancelled', '1', 'started', '', 'str', '1', '"a lamp"', '2026-11-28 16:24:58.354951+00', NULL, NULL, NULL, NULL, 'e1e828447f554c8880b8874ec9a9c023-13');
INSERT INTO wio.entries VALUES ('cancelled', '2', 'event', 'reserve', 'str', '1', '"a lamp reserved"', '2026-11-28 16:24:58.35538+00', NULL, NULL, NULL, NULL, 'e1e828447f554c8880b8874ec9a9c023-14');
INSERT INTO wio.entries VALUES ('cancelled', '3', 'elements', 'each', 'dict', '1', '{"a lamp reserved 1":"a lamp reserved 1","a lamp reserved 2":"a lamp reserved 2"}', '2026-11-28 16:24:58.35538+00', NULL, NULL, NULL, NULL, 'e1e828447f554c8880b8874ec9a9c023-14');
INSERT INTO wio.entries VALUES ('cancelled', '4', 'event', 'each[a lamp reserved 1]/pack', 'str', '1', '"a lamp reserved 1 packed"', '2026-11-28 16:24:58.356042+00', NULL, NULL, NULL, NULL, 'e1e828447f554c8880b8874ec9a9c023-15');
INSERT INTO wio.entries VALUES ('cancelled', '5', 'event', 'each[a lamp reserved 2]/pack', 'str', '1', '"a lamp reserved 2 packed"', '2026-11-28 16:24:58.356397+00', NULL, NULL, NULL, NULL, 'e1e828447f554c8880b8874ec9a9c023-16');
INSERT INTO wio.entries VALUES ('cancelled', '6', 'cancelling', '', NULL, NULL, NULL, '2026-11-28 16:24:58.35678+00', NULL, NULL, NULL, NULL, 'e1e828447f554c8880b8874ec9a9c023-17');
INSERT INTO wio.entries VALUES ('cancelled', '7', 'cancelled', '', NULL, NULL, NULL, '2026-11-28 16:24:58.35678+00', NULL, NULL, NULL, NULL, 'e1e828447f554c8880b8874ec9a9c023-17');
INSERT INTO wio.entries VALUES ('ended', '1', 'started', '', 'str', '1', '"a lamp"', '2026-11-28 16:24:58.340091+00', NULL, NULL, NULL, NULL, 'e1e828447f554c8880b8874ec9a9c023-1');
INSERT INTO wio.entries VALUES ('ended', '2', 'event', 'reserve', 'str', '1', '"a lamp reserved"', '2026-11-28 16:24:58.344267+00', NULL, NULL, NULL, NULL, 'e1e828447f554c8880b8874ec9a9c023-2');
INSERT INTO wio.entries VALUES ('ended', '3', 'elements', 'each', 'dict', '1', '{"a lamp reserved 1":"a lamp reserved 1","a lamp reserved 2":"a lamp reserved 2"}', '2026-11-28 16:24:58.344267+00', NULL, NULL, NULL, NULL, 'e1e828447f554c8880b8874ec9a9c023-2');
INSERT INTO wio.entries VALUES ('ended', '4', 'event', 'each[a lamp reserved 1]/pack', 'str', '1', '"a lamp reserved 1 packed"', '2026-11-28 16:24:58.346435+00', NULL, NULL, NULL, NULL, 'e1e828447f554c8880b8874ec9a9c023-3');
INSERT INTO wio.entries VALUES ('ended', '5', 'event', 'each[a lamp reserved 2]/pack', 'str', '1', '"a lamp reserved 2 packed"', '2026-11-28 16:24:58.347374+00', NULL, NULL, NULL, NULL, 'e1e828447f554c8880b8874ec9a9c023-4');
INSERT INTO wio.entries VALUES ('ended', '6', 'signal_kept', 'mailbox:note', 'str', '1', '"handle with care"', '2026-11-28 16:24:58.34929+00', 'note:note', NULL, NULL, NULL, 'e1e828447f554c8880b8874ec9a9c023-5');
INSERT INTO wio.entries VALUES ('ended', '7', 'signal', 'approve', 'str', '1', '"a lamp reserved 1 packed, a lamp reserved 2 packed by Ada"', '2026-11-28 16:24:58.350612+00', 'approve:k', 'str', '1', '"a lamp reserved 1 packed, a lamp reserved 2 packed by Ada"', 'e1e828447f554c8880b8874ec9a9c023-6');
INSERT INTO wio.entries VALUES ('ended', '8', 'signal_taken', 'note', 'wio.Taken', '1', '{"seq":6}', '2026-11-28 16:24:58.350612+00', NULL, NULL, NULL, NULL, 'e1e828447f554c8880b8874ec9a9c023-6');
INSERT INTO wio.entries VALUES ('ended', '9', 'signal', 'note', 'str', '1', '"a lamp reserved 1 packed, a lamp reserved 2 packed by Ada: handle with care"', '2026-11-28 16:24:58.351613+00', 'note:note', 'str', '1', '"a lamp reserved 1 packed, a lamp reserved 2 packed by Ada: handle with care"', 'e1e828447f554c8880b8874ec9a9c023-7');
INSERT INTO wio.entries VALUES ('ended', '10', 'completed', '', 'str', '1', '"a lamp reserved 1 packed, a lamp reserved 2 packed by Ada: handle with care"', '2026-11-28 16:24:58.351613+00', NULL, NULL, NULL, NULL, 'e1e828447f554c8880b8874ec9a9c023-7');
INSERT INTO wio.entries VALUES ('failing', '1', 'started', '', 'str', '1', '"a lamp"', '2026-11-28 16:24:58.358518+00', NULL, NULL, NULL, NULL, 'e1e828447f554c8880b8874ec9a9c023-21');
INSERT INTO wio.entries VALUES ('failing', '2', 'event', 'reserve', 'str', '1', '"a lamp reserved"', '2026-11-28 16:24:58.360543+00', NULL, NULL, NULL, NULL, 'e1e828447f554c8880b8874ec9a9c023-24');
INSERT INTO wio.entries VALUES ('failing', '3', 'failed', '', 'str', '1', '"sold out"', '2026-11-28 16:24:58.360543+00', NULL, NULL, NULL, NULL, 'e1e828447f554c8880b8874ec9a9c023-24');
INSERT INTO wio.entries VALUES ('held', '1', 'started', '', 'str', '1', '"a lamp"', '2026-11-28 16:24:58.361257+00', NULL, NULL, NULL, NULL, 'e1e828447f554c8880b8874ec9a9c023-25');
INSERT INTO wio.entries VALUES ('held', '2', 'event', 'reserve', 'str', '1', '"a lamp reserved"', '2026-11-28 16:24:58.361774+00', NULL, NULL, NULL, NULL, 'e1e828447f554c8880b8874ec9a9c023-26');
INSERT INTO wio.entries VALUES ('sleeping', '1', 'started', '', 'str', '1', '"a lamp"', '2026-11-28 16:24:58.357162+00', NULL, NULL, NULL, NULL, 'e1e828447f554c8880b8874ec9a9c023-18');
INSERT INTO wio.entries VALUES ('sleeping', '2', 'event', 'reserve', 'str', '1', '"a lamp reserved"', '2026-11-28 16:24:58.357648+00', NULL, NULL, NULL, NULL, 'e1e828447f554c8880b8874ec9a9c023-20');
INSERT INTO wio.entries VALUES ('sleeping', '3', 'timer_set', 'sleep', 'wio.TimerSet', '1', '{"due":"2126-11-04T16:24:58.357648Z"}', '2026-11-28 16:24:58.357648+00', NULL, NULL, NULL, NULL, 'e1e828447f554c8880b8874ec9a9c023-20');
INSERT INTO wio.entries VALUES ('troubled', '1', 'started', '', 'str', '1', '"a lamp"', '2026-11-28 16:24:58.357581+00', NULL, NULL, NULL, NULL, 'e1e828447f554c8880b8874ec9a9c023-19');
INSERT INTO wio.entries VALUES ('troubled', '2', 'event', 'reserve', 'str', '1', '"a lamp reserved"', '2026-11-28 16:24:58.358583+00', NULL, NULL, NULL, NULL, 'e1e828447f554c8880b8874ec9a9c023-22');
INSERT INTO wio.entries VALUES ('troubled', '3', 'attempt_failed', 'print', 'wio.AttemptFailed', '1', E'{"attempt":1,"decided":"pause","error":{"message":"the printer is on fire","traceback":"Traceback (most recent call last):\\n  File \\"/srv/wio/interpreters/runtime/driver.py\\", line 256, in _run\\n    event = await run_effect(effect, context, self._workers)\\n            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\\n  File \\"/srv/wio/interpreters/runtime/effects.py\\", line 92, in run_effect\\n    produced = await workers.run(effect.function, effect.arguments)\\n               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\\n  File \\"/srv/wio/interpreters/runtime/threads.py\\", line 57, in run\\n    raise raised\\n  File \\"/srv/wio/interpreters/runtime/threads.py\\", line 109, in _outcome\\n    return job.context.run(job.function, *job.arguments), None\\n           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\\n  File \\"/srv/wio/tests/journals/version_1/flows.py\\", line 46, in broken\\n    raise OSError(\\"the printer is on fire\\")\\nOSError: the printer is on fire\\n","type":"OSError"},"retry_at":null,"until":null}', '2026-11-28 16:24:58.359061+00', NULL, NULL, NULL, NULL, 'e1e828447f554c8880b8874ec9a9c023-23');
INSERT INTO wio.entries VALUES ('waiting', '1', 'started', '', 'str', '1', '"a lamp"', '2026-11-28 16:24:58.352296+00', NULL, NULL, NULL, NULL, 'e1e828447f554c8880b8874ec9a9c023-8');
INSERT INTO wio.entries VALUES ('waiting', '2', 'event', 'reserve', 'str', '1', '"a lamp reserved"', '2026-11-28 16:24:58.352825+00', NULL, NULL, NULL, NULL, 'e1e828447f554c8880b8874ec9a9c023-9');
INSERT INTO wio.entries VALUES ('waiting', '3', 'elements', 'each', 'dict', '1', '{"a lamp reserved 1":"a lamp reserved 1","a lamp reserved 2":"a lamp reserved 2"}', '2026-11-28 16:24:58.352825+00', NULL, NULL, NULL, NULL, 'e1e828447f554c8880b8874ec9a9c023-9');
INSERT INTO wio.entries VALUES ('waiting', '4', 'event', 'each[a lamp reserved 1]/pack', 'str', '1', '"a lamp reserved 1 packed"', '2026-11-28 16:24:58.353514+00', NULL, NULL, NULL, NULL, 'e1e828447f554c8880b8874ec9a9c023-10');
INSERT INTO wio.entries VALUES ('waiting', '5', 'event', 'each[a lamp reserved 2]/pack', 'str', '1', '"a lamp reserved 2 packed"', '2026-11-28 16:24:58.353892+00', NULL, NULL, NULL, NULL, 'e1e828447f554c8880b8874ec9a9c023-11');
INSERT INTO wio.entries VALUES ('waiting', '6', 'signal_kept', 'mailbox:note', 'str', '1', '"handle with care"', '2026-11-28 16:24:58.354539+00', 'note:note', NULL, NULL, NULL, 'e1e828447f554c8880b8874ec9a9c023-12');
