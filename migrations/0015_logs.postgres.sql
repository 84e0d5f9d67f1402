-- What happened: requests, and lines of the servers themselves, of all processes together. Ids begin with the
-- time, so they need no index of their own: "created" leads to them.
CREATE TABLE "_logs" (
    "id" TEXT COLLATE "C" NOT NULL,
    "level" DOUBLE PRECISION NOT NULL,
    "message" TEXT COLLATE "C" NOT NULL,
    "data" {json} NOT NULL,
    "created" {timestamp} NOT NULL,
    "_rowid_" BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY
);

CREATE INDEX "_logs_created" ON "_logs" ("created");
