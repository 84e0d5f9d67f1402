-- strftime as SQLite has it: the moments, modifiers and letters that it knows, and null for all
-- else. Moments are milliseconds of the julian day, so that both count alike. The time zone of the
-- server is UTC.

-- A moment on its way through modifiers. "julian" is null where day and time say more: the 31st of
-- February stays one until something is added to it. No moment is one without a zone.
CREATE TYPE ferrobase_moment AS (
    julian bigint, year int, month int, day int, hour int, minute int, second double precision,
    zone int, number double precision, overhang int, fraction boolean
);

-- Milliseconds of the julian day at noon before the day of the Gregorian calendar begins.
CREATE OR REPLACE FUNCTION ferrobase_julian(year int, month int, day int) RETURNS bigint
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    y int := CASE WHEN month <= 2 THEN year - 1 ELSE year END;
    m int := CASE WHEN month <= 2 THEN month + 12 ELSE month END;
    century int := (y + 4800) / 100;
BEGIN
    RETURN (36525 * (y + 4716) / 100 + 306001 * (m + 1) / 10000 + day + 38 - century + century / 4)::bigint
        * 86400000 - 131716800000;
END $$;

-- The moment with "julian", made of its day and time. Null where there is no such moment.
CREATE OR REPLACE FUNCTION ferrobase_counted(moment ferrobase_moment) RETURNS ferrobase_moment
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    IF moment.julian IS NOT NULL THEN
        RETURN moment;
    END IF;
    IF moment.zone IS NULL OR moment.number IS NOT NULL OR moment.year NOT BETWEEN -4713 AND 9999 THEN
        RETURN NULL;
    END IF;
    IF moment.year IS NOT NULL THEN
        moment.julian := ferrobase_julian(moment.year, moment.month, moment.day);
    ELSIF moment.hour = 24 THEN
        moment.hour := 0;
        moment.julian := ferrobase_julian(2000, 1, 2);
    ELSE
        moment.julian := ferrobase_julian(2000, 1, 1);
    END IF;
    IF moment.hour IS NOT NULL THEN
        moment.julian := moment.julian + moment.hour * 3600000 + moment.minute * 60000
            + trunc(moment.second * 1000 + 0.5)::bigint;
        IF moment.zone <> 0 THEN
            moment.julian := moment.julian - moment.zone * 60000;
            moment := ferrobase_count_only(moment);
        END IF;
    END IF;
    RETURN moment;
END $$;

-- The moment without day and time, which follow from "julian".
CREATE OR REPLACE FUNCTION ferrobase_count_only(moment ferrobase_moment) RETURNS ferrobase_moment
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    moment.year := NULL;
    moment.hour := NULL;
    moment.zone := CASE WHEN moment.zone IS NOT NULL THEN 0 END;
    RETURN moment;
END $$;

-- The moment with its day, and with its time if that is wanted.
CREATE OR REPLACE FUNCTION ferrobase_dated(moment ferrobase_moment, timed boolean) RETURNS ferrobase_moment
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    z int;
    a int;
    b int;
    c int;
    e int;
    day_part int;
BEGIN
    IF moment.zone IS NULL THEN
        RETURN NULL;
    END IF;
    IF moment.year IS NULL THEN
        IF moment.julian IS NULL THEN
            moment.year := 2000;
            moment.month := 1;
            moment.day := 1;
        ELSIF moment.julian NOT BETWEEN 0 AND 464269060799999 THEN
            RETURN NULL;
        ELSE
            z := (moment.julian + 43200000) / 86400000;
            a := trunc((z + 32044.75) / 36524.25)::int - 52;
            b := z + 1 + a - (a + 100) / 4 + 25 + 1524;
            c := trunc((b - 122.1) / 365.25)::int;
            e := trunc((b - 36525 * (c & 32767) / 100) / 30.6001)::int;
            moment.day := b - 36525 * (c & 32767) / 100 - trunc(30.6001 * e)::int;
            moment.month := CASE WHEN e < 14 THEN e - 1 ELSE e - 13 END;
            moment.year := CASE WHEN moment.month > 2 THEN c - 4716 ELSE c - 4715 END;
        END IF;
    END IF;
    IF timed AND moment.hour IS NULL THEN
        moment := ferrobase_counted(moment);
        day_part := (moment.julian + 43200000) % 86400000;
        moment.second := (day_part % 60000) / 1000.0::double precision;
        moment.minute := day_part / 60000 % 60;
        moment.hour := day_part / 3600000;
        moment.number := NULL;
    END IF;
    RETURN moment;
END $$;

CREATE OR REPLACE FUNCTION ferrobase_days_of_month(year int, month int) RETURNS int
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE
    WHEN month IN (4, 6, 9, 11) THEN 30
    WHEN month <> 2 THEN 31
    WHEN year % 4 = 0 AND (year % 100 <> 0 OR year % 400 = 0) THEN 29
    ELSE 28
END;

-- The moment that a time of day is; null for other texts.
CREATE OR REPLACE FUNCTION ferrobase_clock(value text) RETURNS ferrobase_moment
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    parts text[] := regexp_match(value, '^([0-9][0-9]):([0-9][0-9])(?::([0-9][0-9])([.][0-9]+)?)?'
        '[ \t\n\v\f\r]*(?:[Zz]|([+-])([0-9][0-9]):([0-9][0-9]))?[ \t\n\v\f\r]*$');
    moment ferrobase_moment;
    fraction double precision := 0;
BEGIN
    IF parts IS NULL OR parts[1]::int > 24 OR parts[2]::int > 59 OR parts[3]::int > 59
        OR parts[6]::int > 14 OR parts[7]::int > 59 THEN
        RETURN NULL;
    END IF;
    IF parts[4] IS NOT NULL THEN
        fraction := least(left('0' || parts[4], 300)::double precision, 0.999);
    END IF;
    moment.hour := parts[1];
    moment.minute := parts[2];
    moment.second := coalesce(parts[3]::int, 0) + fraction;
    IF moment.hour = 24 AND (moment.minute <> 0 OR moment.second <> 0) THEN
        RETURN NULL;
    END IF;
    moment.zone := coalesce((parts[5] || (parts[6]::int * 60 + parts[7]::int))::int, 0);
    moment.overhang := 0;
    RETURN moment;
END $$;

-- A number as a julian day, or as seconds that a modifier explains.
CREATE OR REPLACE FUNCTION ferrobase_moment_of(value double precision) RETURNS ferrobase_moment
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    moment ferrobase_moment;
BEGIN
    moment.number := value;
    moment.zone := 0;
    moment.overhang := 0;
    IF value >= 0 AND value < 5373484.5 THEN
        moment.julian := trunc(value * 86400000.0 + 0.5)::bigint;
    END IF;
    RETURN moment;
END $$;

-- The moment that a text is; null where it is none.
CREATE OR REPLACE FUNCTION ferrobase_moment_of(value text) RETURNS ferrobase_moment
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS $$
DECLARE
    parts text[] := regexp_match(value, '^(-?)([0-9]{4})-([0-9][0-9])-([0-9][0-9])[ \t\n\v\f\rT]*(.*)$');
    moment ferrobase_moment;
    number double precision;
BEGIN
    IF parts[3]::int BETWEEN 1 AND 12 AND parts[4]::int BETWEEN 1 AND 31 THEN
        IF parts[5] = '' THEN
            moment.zone := 0;
        ELSE
            moment := ferrobase_clock(parts[5]);
        END IF;
        IF moment.zone IS NOT NULL THEN
            moment.year := parts[2];
            moment.month := parts[3];
            moment.day := parts[4];
            IF moment.hour = 24 THEN
                moment.hour := 0;
                moment.day := moment.day + 1;
                IF moment.day > ferrobase_days_of_month(moment.year, moment.month) THEN
                    moment.day := moment.day - ferrobase_days_of_month(moment.year, moment.month);
                    moment.year := moment.year + moment.month / 12;
                    moment.month := moment.month % 12 + 1;
                END IF;
            END IF;
            moment.year := CASE parts[1] WHEN '-' THEN -moment.year ELSE moment.year END;
            moment := ferrobase_overhung(moment);
            RETURN CASE WHEN moment.zone <> 0 THEN ferrobase_counted(moment) ELSE moment END;
        END IF;
    END IF;
    moment := ferrobase_clock(value);
    IF moment.zone IS NOT NULL THEN
        RETURN moment;
    END IF;
    IF lower(value COLLATE "C") IN ('now', 'subsec', 'subsecond') THEN
        moment := ferrobase_moment_of(2440587.5 + extract(epoch FROM statement_timestamp())::double precision / 86400);
        moment.number := NULL;
        moment.fraction := lower(value COLLATE "C") <> 'now';
        RETURN moment;
    END IF;
    number := ferrobase_number(value);
    -- Infinity stands for what is no number.
    RETURN CASE WHEN number < 'Infinity' THEN ferrobase_moment_of(number) END;
END $$;

-- The moment and by how many days it reaches into the next month.
CREATE OR REPLACE FUNCTION ferrobase_overhung(moment ferrobase_moment) RETURNS ferrobase_moment
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    moment.overhang := greatest(moment.day - ferrobase_days_of_month(moment.year, moment.month), 0);
    RETURN moment;
END $$;

-- The moment after months were added to it, which may have left its year.
CREATE OR REPLACE FUNCTION ferrobase_later(moment ferrobase_moment, years int, months int)
RETURNS ferrobase_moment
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    over int;
BEGIN
    IF moment.zone IS NULL THEN
        RETURN NULL;
    END IF;
    moment.month := moment.month + months;
    over := CASE WHEN moment.month > 0 THEN (moment.month - 1) / 12 ELSE (moment.month - 12) / 12 END;
    moment.year := moment.year + years + over;
    moment.month := moment.month - over * 12;
    moment.julian := NULL;
    RETURN ferrobase_counted(ferrobase_overhung(moment));
END $$;

-- The moment after a modifier that begins with a number; null where it is none.
CREATE OR REPLACE FUNCTION ferrobase_shifted(moment ferrobase_moment, modifier text)
RETURNS ferrobase_moment
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    parts text[];
    clock ferrobase_moment;
    amount double precision;
    unit text;
    size double precision;
    most double precision;
BEGIN
    parts := regexp_match(modifier,
        '^([+-])([0-9]{4,5})-([0-9][0-9])-([0-9][0-9])(?:[ \t\n\v\f\r]([0-9][0-9]:[0-9][0-9].*))?$');
    IF parts IS NOT NULL THEN
        IF parts[2]::int > 14712 OR parts[3]::int > 11 OR parts[4]::int > 30 THEN
            RETURN NULL;
        END IF;
        moment := ferrobase_later(ferrobase_dated(moment, true),
            (parts[1] || parts[2])::int, (parts[1] || parts[3])::int);
        moment := ferrobase_count_only(moment);
        moment.julian := moment.julian + (parts[1] || parts[4])::bigint * 86400000;
        IF parts[5] IS NULL THEN
            RETURN moment;
        END IF;
        modifier := parts[1] || parts[5];
    END IF;
    IF modifier ~ '^[+-]?[0-9]+:' THEN
        clock := ferrobase_counted(ferrobase_clock(regexp_replace(modifier, '^[+-]', '')));
        IF clock.julian IS NULL THEN
            RETURN NULL;
        END IF;
        moment := ferrobase_count_only(ferrobase_counted(moment));
        moment.julian := moment.julian + (clock.julian - 43200000) % 86400000
            * CASE WHEN left(modifier, 1) = '-' THEN -1 ELSE 1 END;
        RETURN moment;
    END IF;
    parts := regexp_match(modifier, '^([+-]?(?:[0-9]+[.]?[0-9]*|[.][0-9]+)(?:[eE][+-]?[0-9]+)?)'
        '[ \t\n\v\f\r]+([a-zA-Z]{3,10})$');
    amount := ferrobase_number(parts[1]);
    unit := regexp_replace(lower(parts[2] COLLATE "C"), 's$', '');
    size := CASE unit WHEN 'second' THEN 1 WHEN 'minute' THEN 60 WHEN 'hour' THEN 3600
        WHEN 'day' THEN 86400 WHEN 'month' THEN 2592000 WHEN 'year' THEN 31536000 END;
    most := CASE unit WHEN 'month' THEN 176546 WHEN 'year' THEN 14713 WHEN 'day' THEN 5373485
        ELSE 4.6427e14 / size END;
    moment := ferrobase_counted(moment);
    IF size IS NULL OR abs(amount) >= most OR moment.zone IS NULL THEN
        RETURN NULL;
    END IF;
    moment.overhang := 0;
    IF unit IN ('month', 'year') THEN
        moment := ferrobase_dated(moment, true);
        moment := CASE unit WHEN 'month' THEN ferrobase_later(moment, 0, trunc(amount)::int)
            ELSE ferrobase_later(moment, trunc(amount)::int, 0) END;
    END IF;
    moment := ferrobase_count_only(moment);
    size := CASE WHEN unit IN ('month', 'year') THEN amount - trunc(amount) ELSE amount END * 1000.0 * size;
    moment.julian := moment.julian + trunc(size + CASE WHEN amount < 0 THEN -0.5 ELSE 0.5 END)::bigint;
    RETURN moment;
END $$;

-- The moment after one modifier, the "place"th; null where it does not apply.
CREATE OR REPLACE FUNCTION ferrobase_modified(moment ferrobase_moment, modifier text, place int)
RETURNS ferrobase_moment
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    word text := lower(modifier COLLATE "C");
    seconds double precision;
    wanted double precision;
    weekday int;
BEGIN
    IF word ~ '^[0-9+-]' THEN
        RETURN ferrobase_shifted(moment, modifier);
    ELSIF word IN ('subsec', 'subsecond') THEN
        moment.fraction := true;
    ELSIF word = 'ceiling' THEN
        moment := ferrobase_count_only(ferrobase_counted(moment));
        moment.overhang := 0;
    ELSIF word = 'floor' THEN
        moment := ferrobase_count_only(ferrobase_counted(moment));
        moment.julian := moment.julian - moment.overhang * 86400000::bigint;
    ELSIF word IN ('localtime', 'utc') THEN
        moment := ferrobase_count_only(ferrobase_counted(moment));
        moment.number := NULL;
    ELSIF word IN ('auto', 'unixepoch') AND moment.number IS NOT NULL THEN
        IF place > 1 THEN
            RETURN NULL;
        END IF;
        IF word = 'unixepoch' OR moment.julian IS NULL THEN
            seconds := moment.number * 1000.0 + 210866760000000.0;
            IF seconds < 0 OR seconds >= 464269060800000.0 THEN
                RETURN NULL;
            END IF;
            moment := ferrobase_count_only(moment);
            moment.julian := trunc(seconds + 0.5)::bigint;
        END IF;
        moment.number := NULL;
    ELSIF word = 'auto' THEN
        RETURN CASE WHEN place = 1 THEN moment END;
    ELSIF word = 'julianday' AND place = 1 AND moment.julian IS NOT NULL AND moment.number IS NOT NULL THEN
        moment.number := NULL;
    ELSIF word IN ('start of day', 'start of month', 'start of year', 'end of day', 'end of month', 'end of year')
        AND num_nonnulls(moment.julian, moment.year, moment.hour) > 0 THEN
        RETURN ferrobase_edge(ferrobase_dated(moment, false), word);
    ELSIF word LIKE 'weekday %' THEN
        wanted := ferrobase_number(substr(word, 9));
        IF wanted IS NULL OR abs(wanted) > 6 OR trunc(wanted) <> wanted THEN
            RETURN NULL;
        END IF;
        moment := ferrobase_dated(moment, true);
        IF moment.zone IS NULL THEN
            RETURN NULL;
        END IF;
        moment.zone := 0;
        moment.julian := NULL;
        moment := ferrobase_count_only(ferrobase_counted(moment));
        weekday := (moment.julian + 129600000) / 86400000 % 7;
        IF weekday <> abs(wanted) THEN
            weekday := CASE WHEN weekday > abs(wanted) THEN weekday - 7 ELSE weekday END;
            moment.julian := moment.julian + (abs(wanted) - weekday)::bigint * 86400000;
            IF strpos(substr(word, 9), '-') > 0 THEN
                moment.julian := moment.julian - 7 * 86400000;
            END IF;
        END IF;
    ELSE
        RETURN NULL;
    END IF;
    RETURN moment;
END $$;

-- The beginning or end of the day, month or year.
CREATE OR REPLACE FUNCTION ferrobase_edge(moment ferrobase_moment, word text) RETURNS ferrobase_moment
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    IF moment.zone IS NULL THEN
        RETURN NULL;
    END IF;
    moment.julian := NULL;
    moment.number := NULL;
    moment.zone := 0;
    moment.hour := CASE WHEN word LIKE 'start%' THEN 0 ELSE 23 END;
    moment.minute := CASE WHEN word LIKE 'start%' THEN 0 ELSE 59 END;
    moment.second := CASE WHEN word LIKE 'start%' THEN 0 ELSE 59.999 END;
    CASE word
        WHEN 'start of month' THEN
            moment.day := 1;
        WHEN 'start of year' THEN
            moment.day := 1;
            moment.month := 1;
        WHEN 'end of year' THEN
            moment.day := 31;
            moment.month := 12;
        WHEN 'end of month' THEN
            moment.day := 1;
            moment := ferrobase_count_only(ferrobase_later(moment, 0, 1));
            moment.julian := moment.julian - 86400000;
        ELSE NULL;
    END CASE;
    RETURN moment;
END $$;

-- A moment as one letter of a format says it; null for letters that are none.
CREATE OR REPLACE FUNCTION ferrobase_letter(letter text, moment ferrobase_moment) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    monday int := (moment.julian + 43200000) / 86400000 % 7;
    sunday int := (moment.julian + 129600000) / 86400000 % 7;
    clock_part bigint := moment.hour * 3600000 + moment.minute * 60000 + trunc(moment.second * 1000 + 0.5)::bigint;
    yearday int := (moment.julian - ferrobase_julian(moment.year, 1, 1) - clock_part + 43200000) / 86400000;
    half int := (moment.hour + 11) % 12 + 1;
    thursday ferrobase_moment;
BEGIN
    RETURN CASE letter
        WHEN 'd' THEN to_char(moment.day, 'FM00')
        WHEN 'e' THEN lpad(moment.day::text, 2)
        WHEN 'f' THEN to_char(moment.second, 'FM00.000')
        WHEN 'F' THEN ferrobase_letter('Y', moment) || '-' || to_char(moment.month, 'FM00') || '-' || to_char(moment.day, 'FM00')
        WHEN 'H' THEN to_char(moment.hour, 'FM00')
        WHEN 'k' THEN lpad(moment.hour::text, 2)
        WHEN 'I' THEN to_char(half, 'FM00')
        WHEN 'l' THEN lpad(half::text, 2)
        WHEN 'j' THEN to_char(yearday + 1, 'FM000')
        WHEN 'J' THEN trim_scale(round((moment.julian / 86400000.0::double precision)::text::numeric, 9))::text
        WHEN 'm' THEN to_char(moment.month, 'FM00')
        WHEN 'M' THEN to_char(moment.minute, 'FM00')
        WHEN 'p' THEN CASE WHEN moment.hour >= 12 THEN 'PM' ELSE 'AM' END
        WHEN 'P' THEN CASE WHEN moment.hour >= 12 THEN 'pm' ELSE 'am' END
        WHEN 'R' THEN to_char(moment.hour, 'FM00') || ':' || to_char(moment.minute, 'FM00')
        WHEN 's' THEN CASE WHEN moment.fraction
            THEN to_char((moment.julian - 210866760000000) / 1000.0, 'FM999999999999990.000')
            ELSE (moment.julian / 1000 - 210866760000)::text END
        WHEN 'S' THEN to_char(trunc(moment.second), 'FM00')
        WHEN 'T' THEN ferrobase_letter('R', moment) || ':' || to_char(trunc(moment.second), 'FM00')
        WHEN 'u' THEN (monday + 1)::text
        WHEN 'w' THEN sunday::text
        WHEN 'U' THEN to_char((yearday - sunday + 7) / 7, 'FM00')
        WHEN 'W' THEN to_char((yearday - monday + 7) / 7, 'FM00')
        WHEN 'Y' THEN CASE WHEN moment.year < 0 THEN '-' || lpad((-moment.year)::text, greatest(length((-moment.year)::text), 3), '0')
            ELSE to_char(moment.year, 'FM0000') END
        WHEN '%' THEN '%'
        WHEN 'V' THEN ferrobase_week(letter, moment, monday)
        WHEN 'G' THEN ferrobase_week(letter, moment, monday)
        WHEN 'g' THEN ferrobase_week(letter, moment, monday)
    END;
END $$;

-- Week and year of the week, which are those of its Thursday.
CREATE OR REPLACE FUNCTION ferrobase_week(letter text, moment ferrobase_moment, monday int) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    moment.julian := moment.julian + (3 - monday) * 86400000::bigint;
    moment.year := NULL;
    moment := ferrobase_dated(moment, false);
    RETURN CASE letter
        WHEN 'V' THEN to_char((ferrobase_letter('j', moment)::int - 1) / 7 + 1, 'FM00')
        WHEN 'G' THEN ferrobase_letter('Y', moment)
        ELSE CASE WHEN moment.year < 0 THEN (moment.year % 100)::text ELSE to_char(moment.year % 100, 'FM00') END
    END;
END $$;

CREATE OR REPLACE FUNCTION ferrobase_formatted(format text, moment ferrobase_moment, modifiers text[])
RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    result text := '';
    place int := 0;
    modifier text;
    rest text := format;
BEGIN
    IF moment.zone IS NULL OR format IS NULL THEN
        RETURN NULL;
    END IF;
    FOREACH modifier IN ARRAY modifiers LOOP
        place := place + 1;
        moment := ferrobase_modified(moment, modifier, place);
        IF moment.zone IS NULL THEN
            RETURN NULL;
        END IF;
    END LOOP;
    moment := ferrobase_counted(moment);
    IF moment.julian IS NULL OR moment.julian NOT BETWEEN 0 AND 464269060799999 THEN
        RETURN NULL;
    END IF;
    IF place = 0 AND moment.day > 28 THEN
        moment.year := NULL;
    END IF;
    moment := ferrobase_dated(moment, true);
    LOOP
        place := strpos(rest, '%');
        IF place = 0 THEN
            RETURN result || rest;
        END IF;
        result := result || left(rest, place - 1) || ferrobase_letter(substr(rest, place + 1, 1), moment);
        rest := substr(rest, place + 2);
    END LOOP;
END $$;

CREATE OR REPLACE FUNCTION ferrobase_strftime(format text, moment text, VARIADIC modifiers text[] DEFAULT '{}')
RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN ferrobase_formatted(format, ferrobase_moment_of(moment), modifiers);

CREATE OR REPLACE FUNCTION ferrobase_strftime(
    format text, moment double precision, VARIADIC modifiers text[] DEFAULT '{}'
) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN ferrobase_formatted(format, ferrobase_moment_of(moment), modifiers);
