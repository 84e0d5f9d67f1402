-- Entries of "_logs" that came when there was much to do: many in one value, as src/store/logs/packed.rs says.
-- They become rows of "_logs", in the order of this table, when there is time or when somebody looks.
CREATE TABLE "_log_batches" (
    "entries" BIGINT NOT NULL,
    "first" {timestamp} NOT NULL,
    "last" {timestamp} NOT NULL,
    "size" BIGINT NOT NULL,
    "packed" BYTEA NOT NULL,
    "_rowid_" BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY
);
