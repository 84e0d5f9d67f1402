-- What committed transactions did, for the other processes; rows live for a few minutes.
CREATE TABLE "_events" (
    "number" BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    "node" TEXT NOT NULL,
    "events" TEXT NOT NULL
);
