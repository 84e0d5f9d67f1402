-- What SQLite does by itself with values of mixed types, for PostgreSQL. The words that call these
-- functions are in store/dialect. Functions in SQL without CASE over NULL are not STRICT, so that
-- the planner can write them into the statement.

-- The text of a double with a fraction or an exponent, as SQLite writes it: 5.0, 0.1, 1.0e+300. It
-- has 17 digits unless 13 suffice, or 15 where the others would be nines.
CREATE OR REPLACE FUNCTION ferrobase_real_text(value double precision) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    result text := value::text;
    digits int := length(trim('0' FROM translate(split_part(result, 'e', 1), '-.', '')));
    exact text := ltrim(to_char(value, '9.99999999999999999EEEE'));
BEGIN
    IF digits > 15 OR digits > 13 AND substr(ltrim(exact, '-'), 16, 2) <> '99' THEN
        result := round(split_part(exact, 'e', 1)::numeric, 16) || 'e' || split_part(exact, 'e', 2);
    END IF;
    IF value = 0 OR abs(value) >= 1e-4 AND abs(value) < 1e17 THEN
        result := trim_scale(abs(result::numeric))::text;
        RETURN CASE WHEN value < 0 THEN '-' ELSE '' END || result
            || CASE WHEN strpos(result, '.') = 0 THEN '.0' ELSE '' END;
    END IF;
    RETURN regexp_replace(regexp_replace(result, '[.]?0*e', 'e'), '^(-?[0-9])e', '\1.0e');
END $$;

-- The text of a number column: whole numbers have no fraction.
CREATE OR REPLACE FUNCTION ferrobase_number_text(value double precision) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN abs(value) < 9223372036854775807 AND trunc(value) = value THEN value::bigint::text
    ELSE ferrobase_real_text(value)
END;

-- The text of a date; the empty date is the beginning of time.
CREATE OR REPLACE FUNCTION ferrobase_date_text(value timestamptz) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE
    WHEN value BETWEEN '0001-01-01 00:00:00+00' AND '9999-12-31 23:59:59.999999+00'
        THEN to_char(value AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.MS"Z"')
    WHEN value BETWEEN '0001-01-01 00:00:00+00 BC' AND '9999-12-31 23:59:59.999999+00'
        THEN '0000' || to_char(value AT TIME ZONE 'UTC', '-MM-DD HH24:MI:SS.MS"Z"')
    WHEN value IS NOT NULL THEN ''
END;

-- A number that a text may be, beyond what a double holds as infinity or zero. Reached for texts
-- of numbers only.
CREATE OR REPLACE FUNCTION ferrobase_parsed_number(value text) RETURNS double precision
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    parts text[] := regexp_match(lower(value), '^([+-]?)([0-9.]+)(?:e([+-]?)([0-9]+))?$');
    exact numeric;
BEGIN
    IF length(ltrim(parts[4], '0')) > 4 OR length(parts[2]) > 1000 THEN
        exact := CASE WHEN parts[2] !~ '[1-9]' OR parts[3] = '-' THEN 0 ELSE 'NaN'::numeric END;
    ELSE
        exact := value::numeric;
    END IF;
    RETURN CASE
        WHEN exact = 'NaN' OR abs(exact) > 1.7976931348623158e308
            THEN CASE parts[1] WHEN '-' THEN '-Infinity' ELSE 'Infinity' END::double precision
        WHEN abs(exact) < 2.4703282292062328e-324 THEN 0
        ELSE exact::double precision
    END;
END $$;

-- A text as it compares with numbers: numeric text as its number, other text as more than any.
CREATE OR REPLACE FUNCTION ferrobase_number(value text) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN value ~ '^[ \t\n\v\f\r]*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?[ \t\n\v\f\r]*$'
        THEN ferrobase_parsed_number(btrim(value, E' \t\n\v\f\r'))
    WHEN value IS NOT NULL THEN 'Infinity'::double precision
END;

-- The same of a scalar from inside JSON.
CREATE OR REPLACE FUNCTION ferrobase_number(value jsonb) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE jsonb_typeof(value)
    WHEN 'number' THEN value::double precision
    ELSE ferrobase_number(value #>> '{}')
END;

-- JSON that PostgreSQL can look into: it keeps U+0000 and cannot read it. In its place stands what
-- is no character.
CREATE OR REPLACE FUNCTION ferrobase_document(value json) RETURNS json
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN strpos(value::text, '\u0000') = 0 THEN value
    ELSE regexp_replace(value::text, '(?<!\\)((\\\\)*)\\u0000', '\1\\udbff\\udfff', 'g')::json
END;

-- JSON without blanks between its parts.
CREATE OR REPLACE FUNCTION ferrobase_compact(value jsonb) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    RETURN CASE jsonb_typeof(value)
        WHEN 'array' THEN (
            SELECT '[' || coalesce(string_agg(ferrobase_compact(item), ',' ORDER BY place), '') || ']'
            FROM jsonb_array_elements(value) WITH ORDINALITY AS items(item, place))
        WHEN 'object' THEN (
            SELECT '{' || coalesce(string_agg(to_json(key)::text || ':' || ferrobase_compact(item), ','
                ORDER BY place), '') || '}'
            FROM jsonb_each(value) WITH ORDINALITY AS items(key, item, place))
        ELSE value::text
    END;
END $$;

-- What views compute where a json field is expected: JSON, text that may be JSON, any other value.
CREATE OR REPLACE FUNCTION ferrobase_document(value jsonb) RETURNS json
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ferrobase_compact(value)::json;

CREATE OR REPLACE FUNCTION ferrobase_document(value text) RETURNS json
LANGUAGE plpgsql IMMUTABLE STRICT AS $$
BEGIN
    IF value ~ '^[ \t\n\r]*[[{"0-9tfn-]' THEN
        RETURN ferrobase_document(value::json);
    END IF;
    RETURN to_json(value);
EXCEPTION WHEN invalid_text_representation THEN
    RETURN to_json(value);
END $$;

CREATE OR REPLACE FUNCTION ferrobase_document(value timestamptz) RETURNS json
LANGUAGE sql STABLE PARALLEL SAFE
RETURN to_json(ferrobase_date_text(value));

CREATE OR REPLACE FUNCTION ferrobase_document(value anyelement) RETURNS json
LANGUAGE sql STABLE PARALLEL SAFE AS $$ SELECT to_json(value) $$;

-- What is inside JSON as a scalar that compares: numbers and texts as they are, true and false as 1
-- and 0, JSON's null as null, lists and objects as their text. A number that is written with an
-- exponent is no whole number to SQLite, which a fraction keeps in mind.
CREATE OR REPLACE FUNCTION ferrobase_json(value json) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    CASE json_typeof(value)
        WHEN 'string' THEN RETURN value::jsonb;
        WHEN 'number' THEN
            IF strpos(lower(value::text), 'e') > 0 THEN
                RETURN to_jsonb(value::text::numeric + 0.0);
            END IF;
            RETURN value::jsonb;
        WHEN 'boolean' THEN RETURN CASE WHEN value::jsonb = 'true'::jsonb THEN '1' ELSE '0' END;
        WHEN 'null' THEN RETURN NULL;
        ELSE RETURN to_jsonb(replace(value::text, '\udbff\udfff', '\u0000'));
    END CASE;
END $$;

-- The text of such a scalar.
CREATE OR REPLACE FUNCTION ferrobase_text(value jsonb) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN jsonb_typeof(value) = 'string' OR value::text ~ '^-?[0-9]{1,18}$' THEN value #>> '{}'
    WHEN value::text !~ '\.' AND abs(value::numeric) <= 9223372036854775807 THEN value::text
    ELSE ferrobase_real_text(value::double precision)
END;

-- A scalar in an order of its own: numbers before texts, texts by their bytes.
CREATE TYPE ferrobase_scalar AS (number numeric, text text COLLATE "C");

CREATE OR REPLACE FUNCTION ferrobase_key(value jsonb) RETURNS ferrobase_scalar
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    IF jsonb_typeof(value) = 'number' THEN
        RETURN ROW(value::numeric, NULL)::ferrobase_scalar;
    END IF;
    RETURN ROW(NULL, value #>> '{}')::ferrobase_scalar;
END $$;

-- A list of texts as compact JSON. A text that ends in a quote, a comma and a blank looks like the
-- end of an item.
CREATE OR REPLACE FUNCTION ferrobase_list_text(value jsonb) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN strpos(value::text, '\"') > 0 THEN ferrobase_compact(value)
    ELSE replace(value::text, '", "', '","')
END;

-- Kilometres along the great circle between two points in degrees, as store/filter/functions.rs
-- computes them. PostgreSQL fails where a product vanishes or overflows: what is too small to matter
-- is zero, and numbers that are no degrees at all have no distance.
CREATE OR REPLACE FUNCTION geo_distance(
    lon_a double precision, lat_a double precision, lon_b double precision, lat_b double precision
) RETURNS double precision
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    smallest CONSTANT double precision := 1e-100;
    north double precision;
    east double precision;
BEGIN
    IF greatest(abs(lon_a), abs(lat_a), abs(lon_b), abs(lat_b)) > 1e300 THEN
        RETURN NULL;
    END IF;
    lat_a := CASE WHEN abs(lat_a) < smallest THEN 0 ELSE lat_a END;
    lat_b := CASE WHEN abs(lat_b) < smallest THEN 0 ELSE lat_b END;
    lon_a := CASE WHEN abs(lon_a) < smallest THEN 0 ELSE lon_a END;
    lon_b := CASE WHEN abs(lon_b) < smallest THEN 0 ELSE lon_b END;
    north := sin(radians(lat_b - lat_a) / 2);
    east := sin(radians(lon_b - lon_a) / 2);
    east := cos(radians(lat_a)) * cos(radians(lat_b)) * (east * east);
    RETURN 2.0 * 6371.0 * asin(sqrt(least(greatest(north * north + east, 0), 1)));
END $$;
