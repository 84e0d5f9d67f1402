-- What happened: requests, and lines of the server itself; in a file of its own, so that it stands in front of
-- no write. Ids begin with the time, so they need no index of their own: "created" leads to them.
CREATE TABLE "_logs" (
    "id" TEXT NOT NULL,
    "level" INTEGER NOT NULL,
    "message" TEXT NOT NULL,
    "data" {json} NOT NULL,
    "created" {timestamp} NOT NULL
);

CREATE INDEX "_logs_created" ON "_logs" ("created");
