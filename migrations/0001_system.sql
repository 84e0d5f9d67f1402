-- One text for both engines; words in braces are the dialect's (see store/migrate.rs).

-- Collections as JSON; "position" is the order in which they were made.
CREATE TABLE "_collections" (
    "id" TEXT PRIMARY KEY NOT NULL,
    "name" TEXT NOT NULL,
    "position" BIGINT NOT NULL,
    "definition" {json} NOT NULL
);

-- Names are unique without regard to case.
CREATE UNIQUE INDEX "_collections_name" ON "_collections" (lower("name"));

-- Settings by name.
CREATE TABLE "_params" (
    "id" TEXT PRIMARY KEY NOT NULL,
    "value" {json} NOT NULL,
    "created" {timestamp} NOT NULL,
    "updated" {timestamp} NOT NULL
);

-- One row; the number grows with every change of what processes cache.
CREATE TABLE "_revision" (
    "id" BIGINT PRIMARY KEY NOT NULL CHECK ("id" = 1),
    "number" BIGINT NOT NULL
);

INSERT INTO "_revision" ("id", "number") VALUES (1, 1);

-- Configurations that were applied; the last one is what the next is compared with.
CREATE TABLE "_config_states" (
    "number" BIGINT PRIMARY KEY NOT NULL,
    "hash" TEXT NOT NULL,
    "author" TEXT NOT NULL,
    "created" {timestamp} NOT NULL,
    "version" TEXT NOT NULL,
    "state" {json} NOT NULL
);
