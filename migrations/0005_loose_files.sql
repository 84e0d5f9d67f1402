-- Stored files that no record names: uploads on their way to one ('uploading'), and what is to be
-- removed ('doomed'). At "due" an upload that did not arrive is doomed too. "path" is the file's
-- place, collection/record/name, or a collection's with a slash behind it: all files of it.
CREATE TABLE "_loose_files" (
    "path" TEXT PRIMARY KEY NOT NULL,
    "state" TEXT NOT NULL,
    "due" {timestamp} NOT NULL
);

CREATE INDEX "_loose_files_due" ON "_loose_files" ("due");
