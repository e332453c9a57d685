import { inspect } from "node:util";
import fc from "fast-check";
import { expect, test } from "vitest";
import { checkUrl, hasPassword } from "../../../src/config/database-url.js";
import { Secret } from "../../../src/config/secret.js";
import { checkKey, resolve } from "../../../src/config/template.js";
import { failure, problemLines } from "../../support/problems.js";

const place = { file: "a.yaml", line: 5, column: 18 };
const value = (text: string, variables: Record<string, string>) =>
  resolve({ url: { text, place } }, variables).url.reveal();

test("H54: a template of one variable has its value, byte for byte, and nothing is read twice", () => {
  for (const secret of ["postgres://u:p@h/d", "${OTHER}", "$&$1$`$'$$", "a\nb", "@:/%?#", " x ", "é\u0000💥"]) {
    expect(value("${URL}", { URL: secret, OTHER: "no" })).toBe(secret);
  }
});

test("H54: any password keeps its meaning inside a URL", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", minLength: 1 }), (password) => {
      const url = value("postgres://me:${PASSWORD}@db:5432/shop?sslmode=require", { PASSWORD: password });
      const parsed = new URL(url);
      expect(decodeURIComponent(parsed.password)).toBe(password);
      expect(parsed.host).toBe("db:5432");
      expect(parsed.pathname).toBe("/shop");
    }),
  );
});

test("values are encoded by where they stand", () => {
  const variables = { U: "a@b", P: "${U}:/%", H: "db.example:5432,db2", N: "my db/x", Q: "a&b=c" };
  expect(value("mongodb://${U}:${P}@${H}/${N}?appName=${Q}", variables)).toBe(
    "mongodb://a%40b:%24%7BU%7D%3A%2F%25@db.example:5432,db2/my%20db%2Fx?appName=a%26b%3Dc",
  );
  expect(value("pglite:${DIR}/db", { DIR: "/tmp/a b" })).toBe("pglite:/tmp/a b/db");
  expect(value("${BASE}/shop", { BASE: "postgres://me:pw@db" })).toBe("postgres://me:pw@db/shop");
});

test("H54: a host cannot smuggle in more than a host", async () => {
  for (const host of ["evil/x", "me@evil", "a?b", "a#b", "a b", "a\nb"]) {
    const error = await failure(() => value("postgres://me:${P}@${HOST}/shop", { P: "x", HOST: host }));
    expect([error.code, problemLines(error.problems)]).toEqual([
      "HDL103",
      ["a.yaml:5:18: the variable HOST holds a character that a host cannot have"],
    ]);
  }
});

test("H54: every variable that is not set or is empty, at its place, and no other value", async () => {
  const templates = {
    url: { text: "postgres://${USER_NAME}:${SECRET}@h/d", place },
    maskKey: { text: "${KEY}", place: { file: "b.yaml", line: 1, column: 2 } },
  };
  const error = await failure(() => resolve(templates, { SECRET: "c4n4ry", KEY: "" }));
  expect(error.code).toBe("HDL103");
  expect(problemLines(error.problems)).toEqual([
    "a.yaml:5:18: the variable USER_NAME is not set (set USER_NAME in the environment)",
    "b.yaml:1:2: the variable KEY is empty (set KEY in the environment)",
  ]);
  expect(JSON.stringify(error.problems)).not.toContain("c4n4ry");
});

test("H55: a secret prints as *** in every way", () => {
  const secret = new Secret("c4n4ry");
  const shown = [
    String(secret),
    `${secret}`,
    JSON.stringify({ secret }),
    inspect({ secret }, { showHidden: true, depth: 5 }),
    inspect(secret, { customInspect: false, showHidden: true, getters: true }),
    Object.entries(secret).join(),
    JSON.stringify(structuredClone({ secret: { ...secret } })),
  ];
  expect(shown.join()).not.toContain("c4n4ry");
  expect(shown.slice(0, 2)).toEqual(["***", "***"]);
  expect(secret.reveal()).toBe("c4n4ry");
});

const secretive = [
  "postgres://me:pw@host/db",
  "postgres://:pw@host/db",
  "postgres://me:p/w@host/db",
  "postgres://me:p?w@host/db",
  "postgres://me:p#w@host/db",
  "postgres://me:p@w@host/db",
  "postgres://me:1234?@host/db",
  "postgres://me:pre${X}@host/db",
  "postgres://me:${X}post@host/db",
  "postgres://me:%70w@host/db",
  "POSTGRES://me:pw@host/db",
  "mongodb+srv://me:pw@host/db",
  "mongodb://me:pw@a:1,b:2/db",
  "postgres://host/db?password=pw",
  "postgres://host/db?user=me&password=pw",
  "postgres://host/db?user=me;Password=pw",
  "postgres://host/db?p%61ssword=pw",
  "postgres://host/db?sslpassword=pw",
  "mongodb://host/?tlsCertificateKeyFilePassword=pw",
  "mongodb://host/?proxyPassword=pw",
  "mongodb://host/?authMechanismProperties=AWS_SESSION_TOKEN:abc",
  "mongodb://host/?authMechanismProperties=A:b%2CAWS_SESSION_TOKEN%3Aabc",
  "${SCHEME}://me:pw@host/db",
  "${USER}:pw@host/db",
];
test.each(secretive)("H55: %s has a literal password", (url) => {
  expect(hasPassword(url)).toBe(true);
  expect(JSON.stringify(checkUrl(url))).not.toContain("pw@");
});

test.each([
  "${URL}",
  "${BASE}/db",
  "postgres://host/db",
  "postgres://me@host/db",
  "postgres://me:@host/db",
  "postgres://me:${PW}@host/db",
  "postgres://${ME}:${PW}@host:5432/db?sslmode=require",
  "postgres://host/db?password=${PW}",
  "postgres://[::1]:5432/db",
  "postgres://${HOST}:${PORT}/db",
  "postgres:///db?host=/var/run/postgresql",
  "postgres://host/db?application_name=a@b.c",
  "mongodb://a:27017,b:27018/db?replicaSet=rs0",
  "mongodb://[::1]:27017,host/db",
  "mongodb://me:${PW}@a:1,b:2/?authSource=admin",
  "mongodb://host/?authMechanismProperties=AWS_SESSION_TOKEN:${T}",
  "mongodb+srv://cluster.example.net/shop",
  "pglite:./data/db",
  "pglite:C:\\a:b@c",
])("%s has none, and is a database URL", (url) => {
  expect(hasPassword(url)).toBe(false);
  expect(checkUrl(url)).toBeUndefined();
});

test.each([
  ["mysql://host/db", "not a database URL"],
  ["host/db", "not a database URL"],
  ["pglite:", "not a database URL"],
  ["${}", "names no variable"],
  ["${a-b}", "names no variable"],
  ["${URL:-x}", "names no variable"],
  ["postgres://me:${PW@host/db", "names no variable"],
  ["postgres://${URL", "names no variable"],
  ["postgres://h/${A${B}}", "names no variable"],
])("%s: %s", (url, message) => {
  expect(checkUrl(url)?.message).toContain(message);
});

test("a mask key is one variable", () => {
  expect(checkKey("maskKey", "${MASK_KEY}")).toBeUndefined();
  for (const text of ["secret", "a${MASK_KEY}", "${A}${B}", "${A}\n", "$MASK_KEY", "env:MASK_KEY"]) {
    expect(checkKey("maskKey", text)?.message).toBe("a mask key written into the configuration");
  }
});
