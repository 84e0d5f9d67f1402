-- What happened: requests, and lines of the servers themselves, of all processes together. Ids begin with the
-- time, so that all indexes grow at one end.
CREATE TABLE "_logs" (
    "id" TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    "level" DOUBLE PRECISION NOT NULL,
    "message" TEXT COLLATE "C" NOT NULL,
    "data" {json} NOT NULL,
    "created" {timestamp} NOT NULL,
    "_rowid_" BIGINT GENERATED ALWAYS AS IDENTITY UNIQUE
);

CREATE INDEX "_logs_created" ON "_logs" ("created");
