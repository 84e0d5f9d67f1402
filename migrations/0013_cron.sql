-- What happens by the clock: one row for each job, with the last of its ticks that somebody took. Who
-- moves "tick" on has the tick, so no two processes ever do. "schedule" is what the ticks follow from,
-- "seen" when a server last had the job.
CREATE TABLE "_crons" (
    "job" TEXT PRIMARY KEY NOT NULL,
    "schedule" TEXT NOT NULL,
    "tick" {timestamp} NOT NULL,
    "seen" {timestamp} NOT NULL
);

-- What came of it: the last runs of each job. A run that is not finished has its row in "_queue", by
-- the same id.
CREATE TABLE "_cron_runs" (
    "id" TEXT PRIMARY KEY NOT NULL,
    "job" TEXT NOT NULL,
    "cause" TEXT NOT NULL,
    "tick" {timestamp} NOT NULL,
    "started" {timestamp},
    "finished" {timestamp},
    "outcome" TEXT NOT NULL,
    "error" TEXT NOT NULL
);

CREATE INDEX "_cron_runs_job_tick" ON "_cron_runs" ("job", "tick");
