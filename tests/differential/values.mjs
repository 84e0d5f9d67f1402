// What fields are given: values that a field takes, and input that is wrong in every way.

const dates = [
  "",
  "2021-06-01 12:30:45.678Z",
  "2022-01-01 00:00:00.000Z",
  "2022-01-01 00:00:00.001Z",
  "2023-12-31 23:59:59.999Z",
  "1999-02-28 05:06:07.000Z",
];

/** Few values of each type, so that rows meet; empty, zero and awkward ones among them. */
const pools = {
  text: [
    "", "a", "A", "abc", "ABC", "ab%c", "a_b", "a\\b", "5", "05", "5.0", "-1", "1e3", "true", "null",
    "é", "É", "日本", "x y", " pad ", "o'k", 'q"q', "[]", '["a"]', "b", "0", "2022-01-01", "line\nbreak",
  ],
  editor: ["", "<p>abc</p>", "<p>Hello <b>bold</b> world</p><script>x()</script>", "plain", "5"],
  number: [0, 1, -1, 2, 5, 10, 2.5, -0.5, 100, 0.1, 1e15, 1e-7, 123456.789],
  bool: [true, false],
  email: ["", "a@example.com", "B@example.com", "c.d+e@sub.example.org", "x@other.net"],
  url: ["", "https://example.com", "http://example.com/a?b=c#d", "https://other.net:8080/x"],
  date: dates,
  json: [
    null, "", 0, 1, 5, 2.5, "a", "5", "abc", true, false, [], {}, [1, 2, 3], ["a", "b"], [null],
    { a: 1 }, { a: "5" }, { a: { b: [1, "x", null] } }, { a: null }, { a: true, b: "abc" },
    [{ a: 1 }, { a: 2 }], { a: [], b: {} }, { a: "" },
  ],
  geoPoint: [
    { lon: 0, lat: 0 }, { lon: 1.5, lat: 2 }, { lon: -23.4, lat: 42.1 }, { lon: 180, lat: -90 },
    { lon: 23.3, lat: 42.7 },
  ],
  file: [""],
};

/** Every kind of JSON value, for input that does not fit. */
const anything = [
  null, "", " ", 0, 1, -1, 1.5, 1e300, true, false, [], {}, [1], ["a"], [""], [null], [[]], ["a", "a", "b"],
  { a: 1 }, "a", "abc", "5", "-5", "0x1f", "1e2", ".5", "+3", "NaN", "Infinity", "true", "T", "yes",
  "2022-01-01", "2022-01-01T10:00:00+02:00", "2022-01-01 10:00:00", "2024-02-30", "02 Jan 2006",
  "Mon, 02 Jan 2006 15:04:05 MST", "2022-01-01 10:00", "not a date", "[1,2]", '["a","b"]', '{"a":1}',
  '{"lon":1,"lat":2}', { lon: 200, lat: 10 }, { lon: 1 }, { lon: "1", lat: 2, z: 3 }, "null",
  "a@example.com", "a@b", "@example.com", "A@EXAMPLE.COM", "a b@example.com", "example.com",
  "ftp://x.y", "http://", "https://exa mple.com", "javascript:alert(1)", "//example.com", "x".repeat(70),
];

/** A value that `field` takes. Relations choose among `ids`, the rows that are there. */
export function fitting(random, field, ids = {}) {
  if (field.type === "select") return several(random, field, field.values);
  if (field.type === "relation") return several(random, field, ids[field.to] ?? []);
  const pool = pools[field.type];
  const fit = pool.filter((value) => fits(field, value));
  return fit.length > 0 ? random.pick(fit) : random.pick(pool);
}

/** Something that `field` may refuse, or take in a way of its own. */
export function wrong(random, field, ids = {}) {
  if (field.type === "relation" && random.chance(0.5)) {
    const known = Object.values(ids).flat();
    return random.weighted([
      [2, "missing00000000"],
      [2, random.sample(known, 3)],
      [2, random.sample(known, 8)],
      [1, JSON.stringify(random.sample(known, 2))],
      [1, random.pick(known) ?? ""],
    ]);
  }
  if (field.type === "select" && random.chance(0.5)) {
    return random.weighted([
      [2, random.sample(field.values, 4)],
      [1, [random.pick(field.values), "none"]],
      [1, JSON.stringify(random.sample(field.values, 2))],
      [1, "none"],
    ]);
  }
  return random.pick(anything);
}

/** A literal that a comparison with a value of `type` is likely to tell rows apart by. */
export function comparable(random, field) {
  if (field.type === "select") return random.pick(["", ...field.values, field.values[0][0]]);
  if (field.type === "autodate") return random.pick(dates);
  const value = random.pick(pools[field.type] ?? pools.text);
  return typeof value === "object" && value !== null ? JSON.stringify(value) : value;
}

function several(random, field, choices) {
  const empty = !field.required && random.chance(0.25);
  if (!(field.maxSelect > 1)) return empty ? "" : (random.pick(choices) ?? "");
  const least = Math.max(field.minSelect ?? 0, 1);
  const most = Math.max(least, Math.min(field.maxSelect, 3));
  return empty ? [] : random.sample(choices, random.between(least, most));
}

function fits(field, value) {
  if (field.required && (value === "" || value === 0 || value === false || value === null)) {
    return false;
  }
  if (field.pattern && value !== "" && !new RegExp(field.pattern).test(value)) return false;
  if (typeof value === "number") {
    return value >= (field.min ?? -Infinity) && value <= (field.max ?? Infinity)
      && !(field.onlyInt && !Number.isInteger(value));
  }
  const domain = String(value).split("@").at(-1);
  if (value !== "" && field.onlyDomains && !field.onlyDomains.includes(domain)) return false;
  if (value !== "" && field.exceptDomains?.includes(domain)) return false;
  if (field.type === "date" && value !== "") {
    return value >= (field.min || "") && value <= (field.max || "9");
  }
  const length = [...String(value)].length;
  return field.type !== "text" || value === "" || (length >= (field.min ?? 0) && length <= (field.max || 99));
}
