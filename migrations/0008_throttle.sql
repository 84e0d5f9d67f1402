-- What was done lately and may be done only so often: sign-ins that failed, codes that were tried,
-- mails that were asked for. "key" is a hash of what and who, "moments" the times in milliseconds,
-- oldest first. After "until" none of them counts.
CREATE TABLE "_throttle" (
    "key" TEXT PRIMARY KEY NOT NULL,
    "moments" {json} NOT NULL,
    "until" {timestamp} NOT NULL
);

CREATE INDEX "_throttle_until" ON "_throttle" ("until");
