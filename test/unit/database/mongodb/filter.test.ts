import { BSON } from "mongodb";
import { describe, expect, test } from "vitest";
import { parseFilter } from "../../../../src/database/mongodb/filter.js";
import * as b from "./bytes.js";

const sent = (where: string): string => Buffer.from(BSON.serialize(parseFilter(where))).toString("hex");
const oid = "65f0c0ffee65f0c0ffee65f0";

test.each<[string, Buffer]>([
  ['{"active": true}', b.documentBytes(b.boolean("active", true))],
  ['{"n": {"$gt": {"$numberLong": "5"}}}', b.documentBytes(b.document("n", b.int64("$gt", 5n)))],
  ['{"n": {"$gt": 3000000000}}', b.documentBytes(b.document("n", b.int64("$gt", 3000000000n)))],
  [
    `{"_id": {"$in": [{"$oid": "${oid}"}, "x"]}}`,
    b.documentBytes(b.document("_id", b.array("$in", b.objectId("", oid), b.string("", "x")))),
  ],
  ['{"at": {"$lt": {"$date": "1970-01-01T00:00:00Z"}}}', b.documentBytes(b.document("at", b.date("$lt", 0n)))],
  [
    '{"s": {"$regex": "^a", "$options": "i"}}',
    b.documentBytes(b.document("s", b.string("$regex", "^a"), b.string("$options", "i"))),
  ],
  [
    '{"s": {"$regularExpression": {"pattern": "^a", "options": "i"}}}',
    b.documentBytes(b.regularExpression("s", "^a", "i")),
  ],
  [
    '{"$or": [{"a": 1}, {"b": null}]}',
    b.documentBytes(b.array("$or", b.document("", b.int32("a", 1)), b.document("", b.nil("b")))),
  ],
  ['{"d": {"$document": [["b", 1], ["1", 2]]}}', b.documentBytes(b.document("d", b.int32("b", 1), b.int32("1", 2)))],
])("%s", (where, expected) => {
  expect(sent(where)).toBe(expected.toString("hex"));
});

describe("HDL202", () => {
  const problems = (where: string) => {
    try {
      parseFilter(where);
    } catch (error) {
      expect(error).toMatchObject({ code: "HDL202" });
      return (error as { problems: { path: string }[] }).problems.map(({ path }) => path);
    }
    throw new Error("was accepted");
  };

  test.each(["", "active = true", "[]", "null", '"x"', "{} {}", "{a: 1}"])("not a filter: %s", (where) => {
    expect(problems(where)).not.toEqual([]);
  });

  test("operators that run code, at any depth, all at once", () => {
    expect(problems('{"$where": "1"}')).toEqual(["/$where"]);
    expect(problems('{"$expr": {"$function": {}}, "$or": [{"a": {"$not": {"$where": "x"}}}]}')).toEqual([
      "/$expr/$function",
      "/$or/0/a/$not/$where",
    ]);
    expect(problems('{"$expr": {"$eq": [{"x": {"$accumulator": {}}}, 1]}}')).toEqual(["/$expr/$eq/0/x/$accumulator"]);
  });

  test("hidden in a wrapper", () => {
    expect(problems('{"a": {"$document": [["$where", "1"]]}}')).toEqual(["/a"]);
    expect(problems('{"a": {"$code": "f", "$scope": {"$where": "1"}}}').length).toBeGreaterThan(0);
  });

  test("malformed values, and those that a filter cannot hold", () => {
    expect(problems('{"a": {"$oid": "x"}, "b": {"$numberLong": 1}}')).toEqual(["/a", "/b"]);
    expect(problems('{"a": {"$date": {"$numberLong": "9223372036854775807"}}}')).toEqual(["/a"]);
    expect(problems('{"a": 1, "a": 2}')).toHaveLength(1);
    expect(problems('{"a": 12345678901234567890}')).toHaveLength(1);
  });
});
