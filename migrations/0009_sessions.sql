-- Sign-ins that hold: one row each, named by the claim "sid" of its tokens. Without the row they are
-- worth nothing. "used" is when one was last seen, give or take a few minutes.
CREATE TABLE "_sessions" (
    "id" TEXT PRIMARY KEY NOT NULL,
    "collection" TEXT NOT NULL,
    "record" TEXT NOT NULL,
    "method" TEXT NOT NULL,
    "address" TEXT NOT NULL,
    "agent" TEXT NOT NULL,
    "created" {timestamp} NOT NULL,
    "used" {timestamp} NOT NULL,
    "expires" {timestamp} NOT NULL
);

CREATE INDEX "_sessions_account" ON "_sessions" ("collection", "record", "used");

CREATE INDEX "_sessions_expires" ON "_sessions" ("expires");
