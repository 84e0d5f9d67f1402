-- Jobs of one lane wait for each other, and for none of another: what goes to one server has a lane of
-- its own, so that a slow one holds up nobody else.
ALTER TABLE "_queue" ADD COLUMN "lane" TEXT NOT NULL DEFAULT '';

CREATE INDEX "_queue_lane" ON "_queue" ("state", "lane", "run_at");
