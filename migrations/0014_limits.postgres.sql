-- What all processes together counted under limits on requests. "key" is a hash of the limit and who is
-- counted; "start" and "ends" are the seconds in which the window begins and is over. What is lost when the
-- server crashes is not missed, so nothing of it is logged; rows are changed in place.
CREATE UNLOGGED TABLE "_limits" (
    "key" TEXT COLLATE "C" PRIMARY KEY,
    "start" BIGINT NOT NULL,
    "ends" BIGINT NOT NULL,
    "requests" BIGINT NOT NULL
) WITH (fillfactor = 50);
