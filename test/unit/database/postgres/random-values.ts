import fc from "fast-check";

/** Random texts of values, by type; the server judges which of them it takes. */

const digits = (max: number) => fc.integer({ min: 0, max });
const pad = (length: number) => (n: number) => String(n).padStart(length, "0");
const text = fc
  .oneof(
    fc.string({ unit: "binary", maxLength: 12 }),
    fc.string({
      unit: fc.constantFrom(..."aA\"'\\{}(),;:=>|$ \t\n\r\f\v\u0001\u007f\u00a0\u2028\ufeffé😀".split("")),
      maxLength: 12,
    }),
    fc.constantFrom(
      "",
      "NULL",
      "null",
      "\\N",
      "\\.",
      "{}",
      "()",
      "t",
      "-0",
      "NaN",
      "infinity",
      "empty",
      '{"$json": "1"}',
    ),
  )
  .map((value) => value.replaceAll("\0", "").toWellFormed());
const whole = (bits: bigint) => fc.bigInt({ min: -(1n << bits), max: (1n << bits) - 1n }).map(String);
const double = fc
  .oneof(fc.double(), fc.double({ noInteger: true }), fc.integer())
  .map((n) => (Object.is(n, -0) ? "-0" : String(n)));
const single = fc.float().map((n) => (Object.is(n, -0) ? "-0" : String(n)));
const numeric = fc.oneof(
  fc
    .tuple(fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }), fc.integer({ min: -60, max: 60 }))
    .map(([n, e]) => `${n}e${e}`),
  fc
    .tuple(fc.integer(), fc.stringMatching(/^\d{0,9}$/))
    .map(([n, fraction]) => (fraction ? `${n}.${fraction}` : `${n}`)),
  fc.constantFrom("NaN", "Infinity", "-Infinity"),
);
const hex = (min: number, max: number) =>
  fc.uint8Array({ minLength: min, maxLength: max }).map((bytes) => Buffer.from(bytes).toString("hex"));

const year = fc.oneof(digits(9998), digits(290000)).map((n) => String(n + 1).padStart(4, "0"));
const day = fc.tuple(digits(11), digits(27)).map(([month, day]) => `${pad(2)(month + 1)}-${pad(2)(day + 1)}`);
const clock = fc
  .tuple(digits(23), digits(59), digits(59), digits(999999))
  .map(([h, m, s, f]) => `${pad(2)(h)}:${pad(2)(m)}:${pad(2)(s)}.${pad(6)(f)}`);
const offset = fc
  .tuple(fc.constantFrom("+", "-"), digits(14), digits(59), digits(59))
  .map(([sign, h, m, s]) => `${sign}${pad(2)(h)}:${pad(2)(m)}:${pad(2)(s)}`);
const era = fc.constantFrom("", "", " BC");
const infinite = fc.constantFrom("infinity", "-infinity");
const date = fc.oneof(
  fc.tuple(year, day, era).map(([y, d, e]) => `${y}-${d}${e}`),
  infinite,
);
const time = fc.oneof(clock, fc.constant("24:00:00"));
const timestamp = fc.oneof(
  { arbitrary: fc.tuple(year, day, clock, era).map(([y, d, c, e]) => `${y}-${d} ${c}${e}`), weight: 5 },
  { arbitrary: infinite, weight: 1 },
);
const timestamptz = fc.oneof(
  { arbitrary: fc.tuple(year, day, clock, offset, era).map(([y, d, c, o, e]) => `${y}-${d} ${c}${o}${e}`), weight: 5 },
  { arbitrary: infinite, weight: 1 },
);
const interval = fc
  .tuple(
    fc.integer({ min: -9999, max: 9999 }),
    fc.integer({ min: -99, max: 99 }),
    fc.integer(),
    fc.constantFrom("", "-"),
    clock,
  )
  .map(([years, months, days, sign, time]) => `${years} years ${months} mons ${days} days ${sign}${time}`);

/** JSON in every layout: spaces, numbers of any spelling, duplicate and integer-like names, names with $. */
const space = fc.constantFrom("", "", "", " ", "\n", " \t ");
const string = fc.oneof(
  text.map((value) => JSON.stringify(value)),
  fc.constantFrom('"\\u0041"', '"\\/"', '"\\ud83d\\ude00"', '"é"'),
);
const name = fc.oneof(string, fc.constantFrom('"a"', '"b"', '"1"', '"0"', '"10"', '"$oid"', '"__proto__"', '""'));
const number = fc.oneof(
  double.filter((n) => !/[NI]/.test(n)),
  numeric.filter((n) => !/[NI]/.test(n)),
  fc.constantFrom("-0", "1.0", "1e400", "0.10", "1E5"),
);
const { json } = fc.letrec<{ json: string }>((tie) => ({
  json: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.oneof(fc.constantFrom("null", "true", "false"), number, string),
    fc
      .array(fc.tuple(space, tie("json")), { maxLength: 3 })
      .map((items) => `[${items.map((item) => item.join("")).join(",")}]`),
    fc
      .array(fc.tuple(space, name, space, tie("json"), space), { maxLength: 3 })
      .map((members) => `{${members.map(([a, n, b, value, c]) => `${a}${n}:${b}${value}${c}`).join(",")}}`),
  ),
}));

const quoted = (value: string) => `"${value.replace(/["\\]/g, "\\$&")}"`;

/** An array's text, of one or two dimensions, sometimes with bounds of its own. */
function arrayOf(element: fc.Arbitrary<string>, delimiter = ","): fc.Arbitrary<string> {
  const item = fc.option(element.map(quoted), { nil: "NULL" });
  const list = (items: string[]) => `{${items.join(delimiter)}}`;
  return fc.oneof(
    fc.array(item, { maxLength: 4 }).map(list),
    fc.tuple(item, item, item, item).map(([a, b, c, d]) => list([list([a, b]), list([c, d])])),
    fc.tuple(fc.integer({ min: -9, max: 9 }), item, item).map(([low, a, b]) => `[${low}:${low + 1}]=${list([a, b])}`),
  );
}

function rangeOf(bound: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const end = fc.option(bound.map(quoted), { nil: "" });
  const range = fc.tuple(fc.constantFrom("[", "("), end, end, fc.constantFrom("]", ")"));
  return fc.oneof(
    range.map(([open, low, high, close]) => `${open}${low},${high}${close}`),
    fc.constant("empty"),
  );
}

const multirangeOf = (range: fc.Arbitrary<string>) =>
  fc.array(range, { maxLength: 3 }).map((all) => `{${all.join(",")}}`);
const rowOf = (...parts: fc.Arbitrary<string>[]) =>
  fc.tuple(...parts.map((part) => fc.option(part.map(quoted), { nil: "" }))).map((values) => `(${values.join(",")})`);

const small = fc.integer({ min: -20, max: 20 }).map(String);
const point = fc.tuple(double, double).map((pair) => `(${pair.join(",")})`);
const points = fc.array(point, { minLength: 1, maxLength: 4 }).map((all) => all.join(","));
const moods = fc.constantFrom("sad", "so so", 'it\'s "ok"', "a,b", "{}", "NULL");
const octets = fc.tuple(digits(255), digits(255), digits(255), digits(255)).map((all) => all.join("."));
const address = rowOf(text, whole(31n), arrayOf(text), moods);
const word = fc
  .string({ unit: fc.constantFrom(..."abZ9é' \\:".split("")), minLength: 1, maxLength: 6 })
  .map((value) => `'${value.replace(/['\\]/g, "$&$&")}'`);

/** The types are those of the zoo. */
export const randomValues: Record<string, fc.Arbitrary<string>> = {
  smallint: whole(15n),
  integer: whole(31n),
  bigint: whole(63n),
  numeric,
  "numeric(10,2)": numeric,
  real: single,
  "double precision": double,
  boolean: fc.constantFrom("t", "f"),
  money: fc.integer().map((cents) => String(cents / 100)),
  "character(5)": text,
  "character varying(5)": text,
  text,
  '"char"': fc.string({ maxLength: 1 }),
  name: text,
  citext: text,
  bytea: hex(0, 20).map((digits) => `\\x${digits}`),
  uuid: hex(16, 16),
  date,
  time,
  "time(2)": time,
  timetz: fc.tuple(time, offset).map((both) => both.join("")),
  timestamp,
  "timestamp(3)": timestamp,
  timestamptz,
  interval,
  "interval(2)": interval,
  json,
  jsonb: json,
  jsonpath: name.map((quotedName) => `$.${quotedName}[*] ? (@ > 1)`),
  xml: text.map((value) => `<a>${value.replace(/[<&]/g, "")}</a>`),
  tsvector: fc
    .array(fc.tuple(word, digits(16383)), { maxLength: 4 })
    .map((all) => all.map(([w, n]) => `${w}:${n + 1}`).join(" ")),
  tsquery: fc.array(word, { maxLength: 4 }).map((all) => all.join(" & ")),
  inet: fc.oneof(
    octets,
    fc.tuple(octets, digits(32)).map((both) => both.join("/")),
    fc.ipV6(),
  ),
  cidr: fc.oneof(octets, fc.ipV6()),
  macaddr: hex(6, 6),
  macaddr8: hex(8, 8),
  "bit(3)": fc.stringMatching(/^[01]{3}$/),
  "bit varying(5)": fc.stringMatching(/^[01]{0,5}$/),
  point,
  line: fc.tuple(double, double, double).map((all) => `{${all.join(",")}}`),
  lseg: fc.tuple(point, point).map((both) => `[${both.join(",")}]`),
  box: fc.tuple(point, point).map((both) => both.join(",")),
  path: points.map((all) => `[${all}]`),
  polygon: points.map((all) => `(${all})`),
  circle: fc.tuple(point, double).map((both) => `<${both.join(",")}>`),
  oid: digits(0xffffffff).map(String),
  xid: digits(0xffffffff).map(String),
  tid: fc.tuple(digits(0xffffffff), digits(65535)).map(([block, row]) => `(${block},${row})`),
  pg_lsn: fc.tuple(hex(4, 4), hex(4, 4)).map((both) => both.join("/")),
  int2vector: fc.array(whole(15n), { maxLength: 5 }).map((all) => all.join(" ")),
  hstore: fc
    .array(fc.tuple(text, fc.option(text.map(quoted), { nil: "NULL" })), { maxLength: 4 })
    .map((pairs) => pairs.map(([key, value]) => `${quoted(key)}=>${value}`).join(",")),
  ltree: fc.array(fc.stringMatching(/^[A-Za-z0-9_]{1,5}$/), { maxLength: 4 }).map((all) => all.join(".")),
  mood: moods,
  positive: whole(31n),
  small_positive: whole(7n),
  numbers: arrayOf(whole(31n)),
  document: json,
  address,
  nested: rowOf(address, whole(31n)),
  int4range: rangeOf(small),
  numrange: rangeOf(numeric),
  tstzrange: rangeOf(timestamptz),
  daterange: rangeOf(date),
  floatrange: rangeOf(double),
  int4multirange: multirangeOf(rangeOf(small)),
  floatmultirange: multirangeOf(rangeOf(double)),
  '"Odd schema"."integer"': fc.constantFrom("1", "two"),
  "integer[]": arrayOf(whole(31n)),
  "bigint[]": arrayOf(whole(63n)),
  "real[]": arrayOf(single),
  "boolean[]": arrayOf(fc.constantFrom("t", "f")),
  "text[]": arrayOf(text),
  "character(3)[]": arrayOf(text),
  "numeric(5,1)[]": arrayOf(numeric),
  "mood[]": arrayOf(moods),
  "address[]": arrayOf(address),
  "positive[]": arrayOf(whole(31n)),
  "numbers[]": arrayOf(arrayOf(small)),
  "box[]": arrayOf(
    fc.tuple(point, point).map((both) => both.join(",")),
    ";",
  ),
  "point[]": arrayOf(point),
  "jsonb[]": arrayOf(json),
  "json[]": arrayOf(json),
  "timestamptz[]": arrayOf(timestamptz),
  "bytea[]": arrayOf(hex(0, 9).map((digits) => `\\x${digits}`)),
  "hstore[]": arrayOf(text.map((key) => `${quoted(key)}=>1`)),
  "int4range[]": arrayOf(rangeOf(small)),
  "interval[]": arrayOf(interval),
  "citext[]": arrayOf(text),
};
