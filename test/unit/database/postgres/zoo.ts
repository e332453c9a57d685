/** A type, and values of it as SQL literals; every one is read, written and read again. NULL is added to each. */
export interface Specimen {
  type: string;
  values: string[];
}

/** What the types need first. */
export const zooTypes = `
  CREATE EXTENSION citext; CREATE EXTENSION hstore; CREATE EXTENSION ltree;
  CREATE TYPE mood AS ENUM ('sad', 'so so', 'it''s "ok"', 'a,b', '{}', 'NULL');
  CREATE DOMAIN positive AS integer CHECK (VALUE > 0);
  CREATE DOMAIN small_positive AS positive CHECK (VALUE < 100);
  CREATE DOMAIN numbers AS integer[] CHECK (array_length(VALUE, 1) < 5);
  CREATE DOMAIN label AS varchar(5) NOT NULL DEFAULT 'x';
  CREATE DOMAIN document AS jsonb;
  CREATE TYPE address AS (street text, "no ""1""" integer, tags text[], mood mood);
  CREATE TYPE nested AS (a address, b positive);
  CREATE TYPE floatrange AS RANGE (subtype = float8);
  CREATE SCHEMA "Odd schema";
  CREATE TYPE "Odd schema"."integer" AS ENUM ('1', 'two');
  CREATE TYPE "Odd schema"."x[]" AS ENUM ('y');
`;

const q = (...values: string[]) => values.map((value) => `'${value.replaceAll("'", "''")}'`);

export const zoo: Specimen[] = [
  { type: "smallint", values: ["0", "-32768", "32767"] },
  { type: "integer", values: ["0", "-2147483648", "2147483647"] },
  // C16
  {
    type: "bigint",
    values: q(
      "0",
      "9007199254740991",
      "9007199254740992",
      "9007199254740993",
      "-9223372036854775808",
      "9223372036854775807",
    ),
  },
  {
    type: "numeric",
    values: q(
      "1.5",
      "1.500",
      "0",
      "-0.0",
      "NaN",
      "Infinity",
      "-Infinity",
      "1e131071",
      "1e-100",
      "123456789012345678901234567890.123",
    ),
  },
  { type: "numeric(10,2)", values: q("1.5", "-12345678.99") },
  { type: "real", values: q("0.1", "-0", "NaN", "Infinity", "-Infinity", "1e-45", "3.4028235e38", "16777216", "1e20") },
  {
    type: "double precision",
    values: q(
      "0.1",
      "-0",
      "0",
      "NaN",
      "Infinity",
      "-Infinity",
      "5e-324",
      "1.7976931348623157e308",
      "1e20",
      "1e21",
      "1e-7",
      "0.30000000000000004",
    ),
  },
  { type: "boolean", values: ["true", "false"] },
  { type: "money", values: q("$1,234.56", "-0.01") },
  // C22
  { type: "character(5)", values: q("ab", "", "abcde") },
  { type: "bpchar", values: q("ab  ", "x") },
  { type: "character varying(5)", values: q("", "ab  ", "é😀") },
  { type: "character varying", values: q("NULL", "null", "\\N", "\\.") },
  {
    type: "text",
    values: [
      "''",
      "'a\tb'",
      "E'a\\nb\\r\\\\\\b\\f\\v'",
      "'\"{}'",
      "U&'\\2028\\FEFF\\202E\\0001\\007F'",
      "repeat('long ', 100)",
      "' NULL '",
      "'\uFFFD'",
    ],
  },
  { type: '"char"', values: q("a", "", "\\377") },
  { type: "name", values: q("a name") },
  { type: "citext", values: q("MiXed", "É") },
  { type: "bytea", values: ["'\\x'", "'\\x00ff5c0a'"] },
  { type: "uuid", values: q("A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11") },
  // C17
  { type: "date", values: q("2026-11-01", "infinity", "-infinity", "0044-03-15 BC", "4713-01-01 BC", "5874897-12-31") },
  { type: "time", values: q("24:00:00", "00:00", "12:34:56.123456") },
  { type: "time(2)", values: q("12:34:56.123456") },
  { type: "timetz", values: q("04:05:06.789-08:30:15", "24:00:00+00") },
  {
    type: "timestamp",
    values: q(
      "infinity",
      "294276-12-31 23:59:59.999999",
      "4713-01-01 00:00 BC",
      "2026-10-25 02:30:00",
      "2026-01-02 03:04:05.6",
    ),
  },
  { type: "timestamp(3)", values: q("2026-01-02 03:04:05.6789") },
  {
    type: "timestamptz",
    values: q(
      "-infinity",
      "2026-10-25 02:30:00 Europe/Berlin",
      "0001-01-01 00:00 BC",
      "1883-11-18 12:03:58-04:56:02",
      "294276-12-31 00:00:00+00",
    ),
  },
  // C18
  {
    type: "interval",
    values: q("1 year 2 mons -3 days +04:05:06.7", "-1 mons +1 days -00:00:01", "0", "178000000 years", "1 day"),
  },
  { type: "interval hour to minute", values: q("3:04") },
  { type: "interval(2)", values: q("1.23456 s") },
  // C21
  {
    type: "json",
    values: q(
      '{"b":1,"a":2}',
      "null",
      '"x"',
      "1",
      "1.0",
      "1e400",
      "-0",
      '{"a":1,"a":2}',
      '"\\u0000"',
      '"\\ud83d\\ude00"',
      '"\\ud800"',
      '{"$oid":"x"}',
      '{"10":1,"9":2}',
      '{"__proto__":1}',
      "[]",
      "{}",
      "12345678901234567890",
      ' [1.0 ,{"a" : "b c"}]\n',
      '{"a":{"$x":1}}',
      '{"a":{"x":1,"$y":2}}',
      '"\\/"',
      '"a\\"b"',
      "true",
      '"$"',
    ),
  },
  {
    type: "jsonb",
    values: [
      ...q(
        '{"bb":1, "a": 2, "c":[1,2.5,null,true,"x"]}',
        "null",
        '"x"',
        "1",
        "1.0",
        "1e5",
        "0.0000001",
        "1e-300",
        "1e21",
        '{"a":{"$x":1}}',
        '{"10":1,"9":2,"a":3}',
        '{"9":1,"10":2}',
        '{"__proto__":1}',
        "[]",
        "{}",
        "12345678901234567890",
        '"\\u001f\\u2028é"',
        '{"a":[[[1]]]}',
        "false",
        '[1.0,{"a":1.50}]',
      ),
      "(repeat('[', 150) || repeat(']', 150))::jsonb",
      "(repeat('[', 90) || repeat(']', 90))::jsonb",
    ],
  },
  { type: "jsonpath", values: q("$.a[*] ? (@ > 1)") },
  { type: "xml", values: q("<a b='c'>text</a>", "text only <b/>") },
  { type: "tsvector", values: q("a:1A fat:2B,4C 'it''s':3") },
  { type: "tsquery", values: q("fat & (rat | !cat) <-> 'x y'") },
  { type: "inet", values: q("192.168.0.1/24", "::1", "10.0.0.1") },
  { type: "cidr", values: q("10.0.0.0/8", "2001:db8::/32") },
  { type: "macaddr", values: q("08-00-2b-01-02-03") },
  { type: "macaddr8", values: q("08:00:2b:01:02:03:04:05") },
  { type: "bit(3)", values: ["B'101'"] },
  { type: "bit varying(5)", values: ["B''", "B'10101'"] },
  { type: "point", values: q("(1.5,-0)", "(NaN,Infinity)") },
  { type: "line", values: q("{1,2,3}") },
  { type: "lseg", values: q("[(0,0),(1,1)]") },
  { type: "box", values: q("(1,1),(0,0)") },
  { type: "path", values: q("((0,0),(1,1))", "[(0,0),(1,1)]") },
  { type: "polygon", values: q("((0,0),(1,1),(1,0))") },
  { type: "circle", values: q("<(0,0),1.5>") },
  { type: "oid", values: ["0", "4294967295"] },
  { type: "regclass", values: q("pg_class", "mood_table") },
  { type: "regtype", values: q("mood", "int4") },
  { type: "regproc", values: q("now") },
  { type: "regrole", values: q("postgres") },
  { type: "regnamespace", values: q("Odd schema".replace(/^(.*)$/, '"$1"')) },
  { type: "xid", values: q("42") },
  { type: "tid", values: q("(1,2)") },
  { type: "pg_lsn", values: q("16/B374D848") },
  { type: "txid_snapshot", values: q("10:20:10,14,15") },
  { type: "int2vector", values: q("1 2 3") },
  { type: "hstore", values: q('a=>1, "b c"=>NULL, d=>"NULL"', "") },
  { type: "ltree", values: q("Top.Science") },
  // C20
  { type: "mood", values: q("sad", "so so", 'it\'s "ok"', "a,b", "{}", "NULL") },
  { type: "positive", values: ["1"] },
  { type: "small_positive", values: ["99"] },
  { type: "numbers", values: q("{1,2}", "{}") },
  { type: "document", values: q('{"a": 1}', "null") },
  {
    type: "address",
    values: [
      "ROW('a, \"b\" (c)\\', 1, ARRAY['x', NULL, 'NULL'], 'so so')",
      "ROW(NULL, NULL, NULL, NULL)",
      "ROW('', 0, '{}', 'sad')",
    ],
  },
  { type: "nested", values: ["ROW(ROW('x', 1, NULL, NULL), 5)"] },
  { type: "int4range", values: q("[1,5]", "empty", "(,)", "[3,)") },
  { type: "numrange", values: q("(1.50,2.0]", "[NaN,]") },
  { type: "tstzrange", values: q("[2026-01-01,infinity)", "[2026-01-01,)", "empty") },
  { type: "daterange", values: q("[2026-01-01,2026-02-01]") },
  { type: "floatrange", values: q("[0.1,NaN]") },
  { type: "int4multirange", values: q("{[1,3),[5,9)}", "{}") },
  { type: "floatmultirange", values: q("{[1,2],(3,4)}") },
  { type: '"Odd schema"."integer"', values: q("1", "two") },
  { type: '"Odd schema"."x[]"', values: q("y") },
  // C19
  {
    type: "integer[]",
    values: q("{}", "{1,NULL,3}", "[2:3]={1,2}", "{{1,2},{3,4}}", "{{{1}},{{2}}}", "[0:1][2:3]={{1,2},{3,4}}"),
  },
  { type: "bigint[]", values: q("{9007199254740993,1}") },
  { type: "real[]", values: q("{0.1,NaN,-0}") },
  { type: "boolean[]", values: q("{t,f,NULL}") },
  {
    type: "text[]",
    values: [
      "ARRAY['NULL', NULL, 'null', '', ' ', 'a,b', '{}', '\"', '\\', E'\\n\\t', 'é']",
      "ARRAY[['a', NULL], ['c', 'd']]",
      "ARRAY[U&'\\00A0', U&'\\FEFFx\\2028', E'\\v', U&'\\0085']",
      "'[5:5]={x}'",
    ],
  },
  { type: "character(3)[]", values: q("{a,bcd}") },
  { type: "numeric(5,1)[]", values: q("{1.5,NaN}") },
  { type: "mood[]", values: q('{sad,"a,b","it\'s \\"ok\\"","NULL",NULL}') },
  { type: "address[]", values: ["ARRAY[ROW('a \"b\"', 1, ARRAY['x'], 'sad')::address, NULL]"] },
  { type: "positive[]", values: q("{1,2}") },
  { type: "numbers[]", values: ["ARRAY['{1,2}'::numbers, '{}'::numbers]"] },
  { type: "box[]", values: q("{(1,1),(0,0);(2,2),(1,1)}") },
  { type: "point[]", values: q('{"(1,2)","(3,4)"}') },
  {
    type: "jsonb[]",
    values: ["ARRAY['null', NULL, '[1,2]', '{\"a\": 1}', '1.0', '\"x\"']::jsonb[]", "ARRAY[['1'], ['2']]::jsonb[]"],
  },
  { type: "json[]", values: ["ARRAY['{\"b\":1,\"a\":2}', '1']::json[]"] },
  { type: "timestamptz[]", values: q('{"2026-01-01 00:00+02",infinity}') },
  { type: "bytea[]", values: ["ARRAY['\\x00'::bytea, NULL]"] },
  { type: "hstore[]", values: ["ARRAY['a=>1'::hstore]"] },
  { type: "int4range[]", values: q('{"[1,3)",empty}') },
  { type: "interval[]", values: q('{"1 day","-1 mons"}') },
  { type: "citext[]", values: q("{A,b}") },
];

/** What a hostile administrator, or an old application, may have set for everybody. */
export const hostileDefaults = [
  "DateStyle = 'SQL, DMY'",
  "IntervalStyle = 'iso_8601'",
  "extra_float_digits = -3",
  "bytea_output = 'escape'",
  "array_nulls = off",
  "quote_all_identifiers = on",
  "TimeZone = 'Europe/Berlin'",
  "search_path = '\"Odd schema\"', public",
  "xmloption = 'document'",
  "xmlbinary = 'hex'",
  "standard_conforming_strings = off",
  "default_transaction_read_only = on",
  "default_transaction_isolation = 'serializable'",
  "synchronous_commit = off",
  "row_security = on",
  "client_encoding = 'LATIN1'",
  "lc_monetary = 'C'",
];

/** One table a type: id, and the value. */
export const zooTables = zoo.map((specimen, i) => ({ ...specimen, name: `zoo_${i}` }));

/** SQL that makes one table for each type. */
export const zooSchema = [
  zooTypes,
  "CREATE TABLE mood_table (id integer PRIMARY KEY);",
  ...zooTables.map(({ name, type }) => `CREATE TABLE ${name} (id integer PRIMARY KEY, value ${type});`),
].join("\n");

/** SQL that fills them. */
export const zooRows = zooTables
  .map(({ name, type, values }) => {
    const rows = [...values, "NULL"].map((value, i) => `(${i}, ${value}${value.startsWith("'") ? `::${type}` : ""})`);
    return `INSERT INTO ${name} VALUES ${rows.join(", ")};`;
  })
  .join("\n");

/** Both, and an empty copy of every table. */
export const zooSql = [
  zooSchema,
  ...zooTables.map(({ name }) => `CREATE TABLE ${name}_copy (LIKE ${name} INCLUDING ALL);`),
  zooRows,
].join("\n");
