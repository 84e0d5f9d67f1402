-- The processes that serve this database: each says every second that it is there. What a process that is
-- gone had told its realtime clients, others can go on from.
CREATE TABLE "_nodes" (
    "id" TEXT COLLATE "C" PRIMARY KEY,
    -- What tells its data folder from those of others.
    "folder" TEXT NOT NULL,
    -- Whether uploads are in that folder, where no other folder has them.
    "keeps_files" BOOLEAN NOT NULL,
    -- The last event that all of its realtime clients were sent, now and the time before.
    "told" BIGINT NOT NULL,
    "told_before" BIGINT NOT NULL,
    "began" TIMESTAMPTZ NOT NULL,
    "seen" TIMESTAMPTZ NOT NULL,
    "left" BOOLEAN NOT NULL
);
