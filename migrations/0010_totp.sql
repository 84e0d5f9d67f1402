-- The authenticator of an account: a secret that makes codes, from the first right code on ("state" is
-- 'active' then, 'pending' before). "step" is the number of the last code that was taken, since none is
-- taken twice. "recovery" are hashes of codes that stand in for a lost authenticator, each good once.
CREATE TABLE "_totp" (
    "id" TEXT PRIMARY KEY NOT NULL,
    "collection" TEXT NOT NULL,
    "record" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "secret" TEXT NOT NULL,
    "step" BIGINT NOT NULL,
    "recovery" {json} NOT NULL,
    "created" {timestamp} NOT NULL
);

CREATE UNIQUE INDEX "_totp_account" ON "_totp" ("collection", "record");
