PRAGMA application_id = 2003398400;
BEGIN TRANSACTION;
CREATE TABLE wio_entries (
        instance_id TEXT NOT NULL,
        seq INTEGER NOT NULL,
        kind TEXT NOT NULL,
        address TEXT NOT NULL,
        type TEXT,
        version INTEGER,
        payload TEXT,
        recorded_at TEXT NOT NULL,
        key TEXT,
        response_type TEXT,
        response_version INTEGER,
        response TEXT,
        token TEXT,
        PRIMARY KEY (instance_id, seq)
    ) WITHOUT ROWID;
INSERT INTO "wio_entries" VALUES('cancelled',1,'started','','str',1,'"a lamp"','2026-11-28T16:24:39.726642+00:00',NULL,NULL,NULL,NULL,'23624250e76947bd873922e12e3a6912-13');
INSERT INTO "wio_entries" VALUES('cancelled',2,'event','reserve','str',1,'"a lamp reserved"','2026-11-28T16:24:39.727031+00:00',NULL,NULL,NULL,NULL,'23624250e76947bd873922e12e3a6912-14');
INSERT INTO "wio_entries" VALUES('cancelled',3,'elements','each','dict',1,'{"a lamp reserved 1":"a lamp reserved 1","a lamp reserved 2":"a lamp reserved 2"}','2026-11-28T16:24:39.727031+00:00',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "wio_entries" VALUES('cancelled',4,'event','each[a lamp reserved 1]/pack','str',1,'"a lamp reserved 1 packed"','2026-11-28T16:24:39.727613+00:00',NULL,NULL,NULL,NULL,'23624250e76947bd873922e12e3a6912-15');
INSERT INTO "wio_entries" VALUES('cancelled',5,'event','each[a lamp reserved 2]/pack','str',1,'"a lamp reserved 2 packed"','2026-11-28T16:24:39.727959+00:00',NULL,NULL,NULL,NULL,'23624250e76947bd873922e12e3a6912-16');
INSERT INTO "wio_entries" VALUES('cancelled',6,'cancelling','',NULL,NULL,NULL,'2026-11-28T16:24:39.728375+00:00',NULL,NULL,NULL,NULL,'23624250e76947bd873922e12e3a6912-17');
INSERT INTO "wio_entries" VALUES('cancelled',7,'cancelled','',NULL,NULL,NULL,'2026-11-28T16:24:39.728375+00:00',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "wio_entries" VALUES('ended',1,'started','','str',1,'"a lamp"','2026-11-28T16:24:39.716431+00:00',NULL,NULL,NULL,NULL,'23624250e76947bd873922e12e3a6912-1');
INSERT INTO "wio_entries" VALUES('ended',2,'event','reserve','str',1,'"a lamp reserved"','2026-11-28T16:24:39.720076+00:00',NULL,NULL,NULL,NULL,'23624250e76947bd873922e12e3a6912-2');
INSERT INTO "wio_entries" VALUES('ended',3,'elements','each','dict',1,'{"a lamp reserved 1":"a lamp reserved 1","a lamp reserved 2":"a lamp reserved 2"}','2026-11-28T16:24:39.720076+00:00',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "wio_entries" VALUES('ended',4,'event','each[a lamp reserved 1]/pack','str',1,'"a lamp reserved 1 packed"','2026-11-28T16:24:39.721183+00:00',NULL,NULL,NULL,NULL,'23624250e76947bd873922e12e3a6912-3');
INSERT INTO "wio_entries" VALUES('ended',5,'event','each[a lamp reserved 2]/pack','str',1,'"a lamp reserved 2 packed"','2026-11-28T16:24:39.721703+00:00',NULL,NULL,NULL,NULL,'23624250e76947bd873922e12e3a6912-4');
INSERT INTO "wio_entries" VALUES('ended',6,'signal_kept','mailbox:note','str',1,'"handle with care"','2026-11-28T16:24:39.722318+00:00','note:note',NULL,NULL,NULL,'23624250e76947bd873922e12e3a6912-5');
INSERT INTO "wio_entries" VALUES('ended',7,'signal','approve','str',1,'"a lamp reserved 1 packed, a lamp reserved 2 packed by Ada"','2026-11-28T16:24:39.723040+00:00','approve:k','str',1,'"a lamp reserved 1 packed, a lamp reserved 2 packed by Ada"','23624250e76947bd873922e12e3a6912-6');
INSERT INTO "wio_entries" VALUES('ended',8,'signal_taken','note','wio.Taken',1,'{"seq":6}','2026-11-28T16:24:39.723040+00:00',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "wio_entries" VALUES('ended',9,'signal','note','str',1,'"a lamp reserved 1 packed, a lamp reserved 2 packed by Ada: handle with care"','2026-11-28T16:24:39.723718+00:00','note:note','str',1,'"a lamp reserved 1 packed, a lamp reserved 2 packed by Ada: handle with care"','23624250e76947bd873922e12e3a6912-7');
INSERT INTO "wio_entries" VALUES('ended',10,'completed','','str',1,'"a lamp reserved 1 packed, a lamp reserved 2 packed by Ada: handle with care"','2026-11-28T16:24:39.723718+00:00',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "wio_entries" VALUES('failing',1,'started','','str',1,'"a lamp"','2026-11-28T16:24:39.730118+00:00',NULL,NULL,NULL,NULL,'23624250e76947bd873922e12e3a6912-21');
INSERT INTO "wio_entries" VALUES('failing',2,'event','reserve','str',1,'"a lamp reserved"','2026-11-28T16:24:39.732410+00:00',NULL,NULL,NULL,NULL,'23624250e76947bd873922e12e3a6912-24');
INSERT INTO "wio_entries" VALUES('failing',3,'failed','','str',1,'"sold out"','2026-11-28T16:24:39.732410+00:00',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "wio_entries" VALUES('held',1,'started','','str',1,'"a lamp"','2026-11-28T16:24:39.739928+00:00',NULL,NULL,NULL,NULL,'23624250e76947bd873922e12e3a6912-25');
INSERT INTO "wio_entries" VALUES('held',2,'event','reserve','str',1,'"a lamp reserved"','2026-11-28T16:24:39.740576+00:00',NULL,NULL,NULL,NULL,'23624250e76947bd873922e12e3a6912-26');
INSERT INTO "wio_entries" VALUES('sleeping',1,'started','','str',1,'"a lamp"','2026-11-28T16:24:39.728759+00:00',NULL,NULL,NULL,NULL,'23624250e76947bd873922e12e3a6912-18');
INSERT INTO "wio_entries" VALUES('sleeping',2,'event','reserve','str',1,'"a lamp reserved"','2026-11-28T16:24:39.729450+00:00',NULL,NULL,NULL,NULL,'23624250e76947bd873922e12e3a6912-20');
INSERT INTO "wio_entries" VALUES('sleeping',3,'timer_set','sleep','wio.TimerSet',1,'{"due":"2126-11-04T16:24:39.729450Z"}','2026-11-28T16:24:39.729450+00:00',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "wio_entries" VALUES('troubled',1,'started','','str',1,'"a lamp"','2026-11-28T16:24:39.729124+00:00',NULL,NULL,NULL,NULL,'23624250e76947bd873922e12e3a6912-19');
INSERT INTO "wio_entries" VALUES('troubled',2,'event','reserve','str',1,'"a lamp reserved"','2026-11-28T16:24:39.730181+00:00',NULL,NULL,NULL,NULL,'23624250e76947bd873922e12e3a6912-22');
INSERT INTO "wio_entries" VALUES('troubled',3,'attempt_failed','print','wio.AttemptFailed',1,'{"attempt":1,"decided":"pause","error":{"message":"the printer is on fire","traceback":"Traceback (most recent call last):\n  File \"/srv/wio/interpreters/runtime/driver.py\", line 256, in _run\n    event = await run_effect(effect, context, self._workers)\n            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n  File \"/srv/wio/interpreters/runtime/effects.py\", line 92, in run_effect\n    produced = await workers.run(effect.function, effect.arguments)\n               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n  File \"/srv/wio/interpreters/runtime/threads.py\", line 57, in run\n    raise raised\n  File \"/srv/wio/interpreters/runtime/threads.py\", line 109, in _outcome\n    return job.context.run(job.function, *job.arguments), None\n           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n  File \"/srv/wio/tests/journals/version_1/flows.py\", line 46, in broken\n    raise OSError(\"the printer is on fire\")\nOSError: the printer is on fire\n","type":"OSError"},"retry_at":null,"until":null}','2026-11-28T16:24:39.730916+00:00',NULL,NULL,NULL,NULL,'23624250e76947bd873922e12e3a6912-23');
INSERT INTO "wio_entries" VALUES('waiting',1,'started','','str',1,'"a lamp"','2026-11-28T16:24:39.724247+00:00',NULL,NULL,NULL,NULL,'23624250e76947bd873922e12e3a6912-8');
INSERT INTO "wio_entries" VALUES('waiting',2,'event','reserve','str',1,'"a lamp reserved"','2026-11-28T16:24:39.724717+00:00',NULL,NULL,NULL,NULL,'23624250e76947bd873922e12e3a6912-9');
INSERT INTO "wio_entries" VALUES('waiting',3,'elements','each','dict',1,'{"a lamp reserved 1":"a lamp reserved 1","a lamp reserved 2":"a lamp reserved 2"}','2026-11-28T16:24:39.724717+00:00',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "wio_entries" VALUES('waiting',4,'event','each[a lamp reserved 1]/pack','str',1,'"a lamp reserved 1 packed"','2026-11-28T16:24:39.725387+00:00',NULL,NULL,NULL,NULL,'23624250e76947bd873922e12e3a6912-10');
INSERT INTO "wio_entries" VALUES('waiting',5,'event','each[a lamp reserved 2]/pack','str',1,'"a lamp reserved 2 packed"','2026-11-28T16:24:39.725814+00:00',NULL,NULL,NULL,NULL,'23624250e76947bd873922e12e3a6912-11');
INSERT INTO "wio_entries" VALUES('waiting',6,'signal_kept','mailbox:note','str',1,'"handle with care"','2026-11-28T16:24:39.726288+00:00','note:note',NULL,NULL,NULL,'23624250e76947bd873922e12e3a6912-12');
CREATE TABLE wio_instances (
        id TEXT PRIMARY KEY,
        workflow TEXT NOT NULL,
        version INTEGER NOT NULL,
        status TEXT NOT NULL,
        last_seq INTEGER NOT NULL,
        wake_up TEXT,
        detail TEXT NOT NULL,
        started_at TEXT NOT NULL,
        updated_at TEXT NOT NULL,
        finished_at TEXT
    ) WITHOUT ROWID;
INSERT INTO "wio_instances" VALUES('cancelled','order',1,'cancelled',7,NULL,'','2026-11-28T16:24:39.726642+00:00','2026-11-28T16:24:39.728375+00:00','2026-11-28T16:24:39.728375+00:00');
INSERT INTO "wio_instances" VALUES('ended','order',1,'completed',10,NULL,'','2026-11-28T16:24:39.716431+00:00','2026-11-28T16:24:39.723718+00:00','2026-11-28T16:24:39.723718+00:00');
INSERT INTO "wio_instances" VALUES('failing','failing',1,'failed',3,NULL,'','2026-11-28T16:24:39.730118+00:00','2026-11-28T16:24:39.732410+00:00','2026-11-28T16:24:39.732410+00:00');
INSERT INTO "wio_instances" VALUES('held','held',1,'running',2,NULL,'runs hold','2026-11-28T16:24:39.739928+00:00','2026-11-28T16:24:39.740576+00:00',NULL);
INSERT INTO "wio_instances" VALUES('sleeping','sleeping',1,'waiting',3,'2126-11-04T16:24:39.729450+00:00','waits at sleep until 2126-11-04 16:24:39 UTC','2026-11-28T16:24:39.728759+00:00','2026-11-28T16:24:39.729450+00:00',NULL);
INSERT INTO "wio_instances" VALUES('troubled','troubled',1,'paused',3,NULL,'paused at print: OSError: the printer is on fire','2026-11-28T16:24:39.729124+00:00','2026-11-28T16:24:39.730916+00:00',NULL);
INSERT INTO "wio_instances" VALUES('waiting','order',1,'waiting',6,NULL,'waits for signal approve at approve','2026-11-28T16:24:39.724247+00:00','2026-11-28T16:24:39.726288+00:00',NULL);
CREATE TABLE wio_meta (name TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID;
INSERT INTO "wio_meta" VALUES('schema_version',1);
CREATE INDEX wio_unfinished ON wio_instances (id) WHERE finished_at IS NULL;
CREATE INDEX wio_keys ON wio_entries (instance_id, key) WHERE key IS NOT NULL;
COMMIT;
