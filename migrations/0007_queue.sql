-- What is to be done after a commit and must not be forgotten: mails, for one. A job is done by who
-- has the lease of it, until "lease" at most; then it is anybody's again. "attempts" counts the leases
-- that were given, so it also tells them apart. What was given up stays as 'dead'.
CREATE TABLE "_queue" (
    "id" TEXT PRIMARY KEY NOT NULL,
    "kind" TEXT NOT NULL,
    "payload" {json} NOT NULL,
    "state" TEXT NOT NULL,
    "run_at" {timestamp} NOT NULL,
    "lease" {timestamp} NOT NULL,
    "attempts" BIGINT NOT NULL,
    "error" TEXT NOT NULL,
    "created" {timestamp} NOT NULL
);

CREATE INDEX "_queue_state_run_at" ON "_queue" ("state", "run_at");

-- Mails that were to be sent while there was no mail server to send them with: the inbox of the
-- dashboard. Only the last ones are kept.
CREATE TABLE "_mails" (
    "id" TEXT PRIMARY KEY NOT NULL,
    "message_id" TEXT NOT NULL,
    "sender" TEXT NOT NULL,
    "recipient" TEXT NOT NULL,
    "subject" TEXT NOT NULL,
    "html" TEXT NOT NULL,
    "text" TEXT NOT NULL,
    "created" {timestamp} NOT NULL
);

CREATE INDEX "_mails_created" ON "_mails" ("created");
