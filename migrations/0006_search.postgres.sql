-- Words as full-text search compares them, for PostgreSQL: in lower case, Latin letters without
-- their accents, as the tokenizer of SQLite has them. Its own parser would see addresses, numbers
-- and tags where there are words.

-- The case of letters beyond ASCII is known to a collation, and which there are is the server's to
-- say: the best one is looked up once.
CREATE FUNCTION ferrobase_search_collation() RETURNS text LANGUAGE sql STABLE AS $$
    SELECT COALESCE(
        (SELECT quote_ident(nspname) || '.' || quote_ident(collname)
         FROM pg_collation JOIN pg_namespace ON pg_namespace.oid = collnamespace
         WHERE nspname = 'pg_catalog'
           AND collname IN ('und-x-icu', 'pg_c_utf8', 'C.utf8', 'C.UTF-8', 'en_US.utf8')
           AND collencoding IN (-1, (SELECT encoding FROM pg_database WHERE datname = current_database()))
         ORDER BY array_position(
             ARRAY['und-x-icu', 'pg_c_utf8', 'C.utf8', 'C.UTF-8', 'en_US.utf8']::name[], collname)
         LIMIT 1),
        '"default"')
$$;

DO $$
BEGIN
    EXECUTE format(
        $body$
        CREATE FUNCTION ferrobase_search_split(value text) RETURNS text[]
        LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $split$
        DECLARE
            folded text := translate(lower(value COLLATE %1$s), 'ς', 'σ');
        BEGIN
            IF octet_length(folded) > length(folded) THEN
                -- Only Latin letters are taken apart, and only marks that are left are dropped.
                folded := normalize(
                    regexp_replace(normalize(folded, NFD), '([a-z])[\u0300-\u036f]+', '\1', 'g'), NFC);
                folded := regexp_replace(folded, '[\u0300-\u036f]+', '', 'g');
            END IF;
            RETURN regexp_split_to_array(folded COLLATE %1$s, '[^[:alnum:]]+');
        END
        $split$
        $body$,
        ferrobase_search_collation());
END
$$;

-- The words of the fields of a row, each labelled by the field: A to D, and D for all others.
CREATE FUNCTION ferrobase_search_words(texts text[]) RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT COALESCE(string_agg(
        '''' || left(word, 500) || ''':' || place || substr('ABCD', place, 1), ' '), '')::tsvector
    FROM (SELECT value, least(number, 4)::integer AS place
          FROM unnest(texts) WITH ORDINALITY AS field (value, number)) AS fields,
         LATERAL (SELECT DISTINCT word FROM unnest(ferrobase_search_split(value)) AS word) AS words
    WHERE word <> ''
$$;

-- Rows with all words of a text, in fields of one label or anywhere; the last word may go on.
CREATE FUNCTION ferrobase_search_query(searched text, label text, is_prefix boolean) RETURNS tsquery
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT COALESCE(string_agg(
        '''' || left(word, 500) || ''''
        || CASE WHEN is_prefix AND next IS NULL THEN ':*' || label
                WHEN label <> '' THEN ':' || label
                ELSE '' END, ' & '), '')::tsquery
    FROM (SELECT word, lead(word) OVER (ORDER BY number) AS next
          FROM unnest(ferrobase_search_split(searched)) WITH ORDINALITY AS part (word, number)
          WHERE word <> '') AS words
$$;

-- The text of HTML, as far as words go.
CREATE FUNCTION ferrobase_search_plain(html text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT regexp_replace(
        regexp_replace(html, '<[a-zA-Z/!][^<>]*>', ' ', 'g'), '&(nbsp|amp|lt|gt|quot|#39);', ' ', 'g')
$$;
