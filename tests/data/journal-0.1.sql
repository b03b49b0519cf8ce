-- A journal as ltxv-nb 0.1.0 wrote it, with a job in every state; made with sqlite3's iterdump.
BEGIN TRANSACTION;
CREATE TABLE events (
        generation TEXT NOT NULL REFERENCES generations (id),
        at REAL NOT NULL,
        state TEXT NOT NULL,
        detail TEXT
    );
INSERT INTO "events" VALUES('submitta',1790000060.0,'submitting',NULL);
INSERT INTO "events" VALUES('unknownb',1790000120.0,'submitting',NULL);
INSERT INTO "events" VALUES('unknownb',1790000125.0,'unknown','the connection broke off');
INSERT INTO "events" VALUES('refusedc',1790000185.0,'submitting',NULL);
INSERT INTO "events" VALUES('refusedc',1790000190.0,'refused','no (HTTP 403).');
INSERT INTO "events" VALUES('runningd',1790000250.0,'submitting',NULL);
INSERT INTO "events" VALUES('runningd',1790000255.0,'running','queued');
INSERT INTO "events" VALUES('finishee',1790000315.0,'submitting',NULL);
INSERT INTO "events" VALUES('finishee',1790000320.0,'running','queued');
INSERT INTO "events" VALUES('finishee',1790000325.0,'finished','completed');
INSERT INTO "events" VALUES('givenupf',1790000385.0,'submitting',NULL);
INSERT INTO "events" VALUES('givenupf',1790000390.0,'running','queued');
INSERT INTO "events" VALUES('givenupf',1790000395.0,'finished','completed');
INSERT INTO "events" VALUES('givenupf',1790000400.0,'note','the connection broke off');
INSERT INTO "events" VALUES('savedggg',1790000460.0,'submitting',NULL);
INSERT INTO "events" VALUES('savedggg',1790000465.0,'running','queued');
INSERT INTO "events" VALUES('savedggg',1790000470.0,'finished','completed');
INSERT INTO "events" VALUES('savedggg',1790000475.0,'saved',NULL);
INSERT INTO "events" VALUES('failedhh',1790000535.0,'submitting',NULL);
INSERT INTO "events" VALUES('failedhh',1790000540.0,'running','queued');
INSERT INTO "events" VALUES('failedhh',1790000545.0,'failed','Unsafe: no hares');
INSERT INTO "events" VALUES('sandboxi',1790000605.0,'submitting',NULL);
INSERT INTO "events" VALUES('sandboxi',1790000610.0,'running','queued');
CREATE TABLE generations (
        id TEXT PRIMARY KEY,
        created_at REAL NOT NULL,
        backend TEXT NOT NULL,
        origin TEXT NOT NULL,
        model TEXT NOT NULL,
        prompt TEXT NOT NULL,
        request TEXT NOT NULL,
        fingerprint TEXT,
        client_request_id TEXT UNIQUE,
        state TEXT NOT NULL,
        status TEXT,
        generation_id TEXT,
        accepted_at REAL,
        asked_at REAL,
        finished_at REAL,
        saved_at REAL,
        url TEXT,
        error TEXT,
        usd REAL,
        output_dir TEXT,
        file TEXT,
        media TEXT,
        owner TEXT,
        watched INTEGER NOT NULL DEFAULT 1
    );
INSERT INTO "generations" VALUES('submitta',1790000060.0,'aimlapi','https://api.example.test','ltxv/ltxv-2','A harbour that was being submitted','{"prompt": "A harbour that was being submitted", "model": "ltxv/ltxv-2", "duration": 6}','fingerprint of submitta','ltxv-nb.submitta.0123456789ab.1','submitting',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'videos','videos/2026-09-21-clip-submitta.mp4',NULL,'00000000000000000000000000000000',1);
INSERT INTO "generations" VALUES('unknownb',1790000120.0,'aimlapi','https://api.example.test','ltxv/ltxv-2','A heron whose answer was lost','{"prompt": "A heron whose answer was lost", "model": "ltxv/ltxv-2", "duration": 6}','fingerprint of unknownb','ltxv-nb.unknownb.0123456789ab.1','unknown',NULL,NULL,NULL,NULL,NULL,NULL,NULL,'the connection broke off',NULL,'videos','videos/2026-09-21-clip-unknownb.mp4',NULL,'00000000000000000000000000000000',1);
INSERT INTO "generations" VALUES('refusedc',1790000185.0,'aimlapi','https://api.example.test','ltxv/ltxv-2','A hill that was refused','{"prompt": "A hill that was refused", "model": "ltxv/ltxv-2", "duration": 6}','fingerprint of refusedc','ltxv-nb.refusedc.0123456789ab.1','refused',NULL,NULL,NULL,NULL,NULL,NULL,NULL,'no (HTTP 403).',NULL,'videos','videos/2026-09-21-clip-refusedc.mp4',NULL,NULL,1);
INSERT INTO "generations" VALUES('runningd',1790000250.0,'aimlapi','https://api.example.test','ltxv/ltxv-2','A ship that is being made','{"prompt": "A ship that is being made", "model": "ltxv/ltxv-2", "duration": 6}','fingerprint of runningd','ltxv-nb.runningd.0123456789ab.1','running','queued','generation-d:ltxv/ltxv-2',1790000250.0,NULL,NULL,NULL,NULL,NULL,0.378,'videos','videos/2026-09-21-clip-runningd.mp4',NULL,'00000000000000000000000000000000',1);
INSERT INTO "generations" VALUES('finishee',1790000315.0,'aimlapi','https://api.example.test','ltxv/ltxv-2','An emu that is made, not saved','{"prompt": "An emu that is made, not saved", "model": "ltxv/ltxv-2", "duration": 6}','fingerprint of finishee','ltxv-nb.finishee.0123456789ab.1','finished','completed','generation-e:ltxv/ltxv-2',1790000315.0,NULL,1790000320.0,NULL,'https://cdn.example.test/e.mp4',NULL,NULL,'videos','videos/2026-09-21-clip-finishee.mp4',NULL,'00000000000000000000000000000000',1);
INSERT INTO "generations" VALUES('givenupf',1790000385.0,'aimlapi','https://api.example.test','ltxv/ltxv-2','A fox whose download was given up','{"prompt": "A fox whose download was given up", "model": "ltxv/ltxv-2", "duration": 6}','fingerprint of givenupf','ltxv-nb.givenupf.0123456789ab.1','finished','completed','generation-f:ltxv/ltxv-2',1790000385.0,NULL,1790000390.0,NULL,'https://cdn.example.test/f.mp4','the connection broke off',NULL,'videos','videos/2026-09-21-clip-givenupf.mp4',NULL,NULL,0);
INSERT INTO "generations" VALUES('savedggg',1790000460.0,'aimlapi','https://api.example.test','ltxv/ltxv-2','A goose on disk','{"prompt": "A goose on disk", "model": "ltxv/ltxv-2", "image": {"sha256": "abababababababababababababababababababababababababababababababab", "file": "images/abababababababababababababababababababababababababababababababab.jpeg", "media_type": "image/jpeg"}}','fingerprint of savedggg','ltxv-nb.savedggg.0123456789ab.1','saved','completed','generation-g:ltxv/ltxv-2',1790000460.0,1790000463.0,1790000465.0,1790000470.0,'https://cdn.example.test/g.mp4',NULL,0.378,'videos','videos/2026-09-21-clip-savedggg.mp4','{"width": 1920, "height": 1080, "duration": 6.0, "fps": 25.0, "has_audio": true, "size_bytes": 1234567}',NULL,1);
INSERT INTO "generations" VALUES('failedhh',1790000535.0,'aimlapi','https://api.example.test','ltxv/ltxv-2','A hare that failed','{"prompt": "A hare that failed", "model": "ltxv/ltxv-2", "duration": 6}','fingerprint of failedhh','ltxv-nb.failedhh.0123456789ab.1','failed','error','generation-h:ltxv/ltxv-2',1790000535.0,NULL,NULL,NULL,NULL,'Unsafe: no hares',NULL,'videos','videos/2026-09-21-clip-failedhh.mp4',NULL,NULL,1);
INSERT INTO "generations" VALUES('sandboxi',1790000605.0,'sandbox','sandbox','ltxv/ltxv-2','An ibis in the sandbox','{"prompt": "An ibis in the sandbox", "model": "ltxv/ltxv-2", "duration": 6}','fingerprint of sandboxi','ltxv-nb.sandboxi.0123456789ab.1','running','queued','generation-i:ltxv/ltxv-2',1790000605.0,NULL,NULL,NULL,NULL,NULL,NULL,'videos','videos/2026-09-21-clip-sandboxi.mp4',NULL,'00000000000000000000000000000000',1);
CREATE UNIQUE INDEX generations_service ON generations (origin, generation_id)
        WHERE generation_id IS NOT NULL;
CREATE INDEX generations_newest ON generations (created_at);
CREATE INDEX generations_open ON generations (state)
        WHERE state IN ('submitting', 'unknown', 'running', 'finished');
CREATE INDEX generations_same ON generations (fingerprint, created_at);
CREATE INDEX generations_history ON generations (model, finished_at DESC) WHERE finished_at IS NOT NULL;
CREATE INDEX events_of ON events (generation, at);
COMMIT;
PRAGMA user_version = 1;
