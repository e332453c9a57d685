import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { maskDigits, maskEmail, maskHash, maskKeyId, maskName, maskNumber } from "../../../src/transform/pseudonym.js";

const key = "a mask key for tests only";
const kinds = { maskEmail, maskDigits, maskHash, maskName };

test.each(Object.entries(kinds))("%s: another key, another pseudonym", (_name, mask) => {
  const value = "jo 0123456789@x.org";
  expect(mask(key, value)).not.toBe(mask(`${key}2`, value));
  expect(mask(key, value)).not.toBe(value);
});

// Stable for ever: another pseudonym for the same value would be a change of every masked entry.
test("golden values", () => {
  expect({
    email: maskEmail(key, "jane.doe@company.com"),
    upper: maskEmail(key, "Jane.Doe@company.com"),
    digits: maskDigits(key, "+49 (30) 1234-5678"),
    number: maskNumber(key, 1234.5),
    name: maskName(key, "Jane Doe"),
    hash: maskHash(key, "token"),
    uuid: maskHash(key, "65f0c0ff-ee65-4f0c-8fee-65f0c0ffee65"),
    id: maskKeyId(key),
  }).toMatchInlineSnapshot(`
    {
      "digits": "+48 (26) 5756-4547",
      "email": "xounm3knicjcnfbf5bdt@example.com",
      "hash": "dea9e016ec9e03f4144f4a73ea6c815e",
      "id": "d9b2961f5feca944",
      "name": "Botahelevata Bedinokevoje",
      "number": 2381.4,
      "upper": "Xounm3kNiCJCNFBF5BDT@example.com",
      "uuid": "021dda8a-843b-debf-f71d-91cee95a38e2",
    }
  `);
});

test("the key's id tells keys apart and is no mask of anything", () => {
  expect(maskKeyId(key)).toMatch(/^[\da-f]{16}$/);
  expect(maskKeyId(key)).not.toBe(maskKeyId(`${key}.`));
});

describe("email", () => {
  test("is a valid address that is nobody's", () => {
    expect(maskEmail(key, "anything at all")).toMatch(/^x[a-z2-7]{19}@example\.com$/);
  });

  test("addresses equal but for case stay so, and stay different", () => {
    const [lower, upper, mixed] = ["jane@x.org", "JANE@X.ORG", "Jane@x.org"].map((value) => maskEmail(key, value));
    expect(new Set([lower, upper, mixed]).size).toBe(3);
    expect(upper?.toLowerCase()).toBe(lower);
    expect(mixed?.toLowerCase()).toBe(lower);
  });
});

test("no collisions among 20,000 emails, names, hashes", () => {
  for (const mask of [maskEmail, maskHash, maskName]) {
    expect(new Set(Array.from({ length: 20_000 }, (_, i) => mask(key, `person ${i}`))).size).toBe(20_000);
  }
});

test("name is two capitalised words", () => expect(maskName(key, "x")).toMatch(/^[A-Z][a-z]{11} [A-Z][a-z]{11}$/));

test("a UUID or ObjectId stays one, and case does not matter to it", () => {
  const uuid = "65F0C0FF-EE65-4F0C-8FEE-65F0C0FFEE65";
  expect(maskHash(key, uuid)).toMatch(/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/);
  expect(maskHash(key, uuid)).toBe(maskHash(key, uuid.toLowerCase()));
  expect(maskHash(key, "65f0c0ffee65f0c0ffee65f0")).toMatch(/^[\da-f]{24}$/);
});

describe("digits", () => {
  test("all 1000 texts of three digits map to 1000, zero leading where it did", () => {
    const all = Array.from({ length: 1000 }, (_, i) => String(i).padStart(3, "0"));
    const masked = all.map((value) => maskDigits(key, value));
    expect(new Set(masked).size).toBe(1000);
    expect(masked.map((value) => value[0] === "0")).toEqual(all.map((value) => value[0] === "0"));
  });

  test("length and everything that is no digit stay", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[-+() a-z\d]{1,24}$/), (value) => {
        const masked = maskDigits(key, value);
        expect(masked.replace(/\d/g, "#")).toBe(value.replace(/\d/g, "#"));
      }),
      { numRuns: 300 },
    );
  });

  test("digits of other scripts do not pass", () => {
    expect(maskDigits(key, "٠١٢٣٤٥٦٧٨٩")).toBe(maskDigits(key, "0123456789"));
    expect(maskDigits(key, "𝟘𝟙𝟚")).toBe(maskDigits(key, "012"));
  });

  test("all numbers of 1 to 3 digits map to as many; sign and length stay, zero stays", () => {
    const all = Array.from({ length: 1999 }, (_, i) => i - 999);
    const masked = all.map((value) => maskNumber(key, value)!);
    expect(new Set(masked).size).toBe(1999);
    const shape = (value: number) => String(value).replace(/\d/g, "#");
    expect(masked.map(shape)).toEqual(all.map(shape));
    expect(maskNumber(key, 0)).toBe(0);
  });

  test("an integer stays in the type that holds it", () => {
    for (const limit of [32_767, 2_147_483_647, Number.MAX_SAFE_INTEGER]) {
      fc.assert(
        fc.property(fc.integer({ min: Math.ceil(limit / 4), max: limit }), (value) => {
          const masked = maskNumber(key, value)!;
          expect(masked).toBeLessThanOrEqual(limit);
          expect(masked).toBeGreaterThan(0);
          expect(Number.isSafeInteger(masked)).toBe(true);
        }),
        { numRuns: 30 },
      );
    }
    expect(BigInt(maskDigits(key, "9223372036854775807"))).toBeLessThanOrEqual(9_223_372_036_854_775_807n);
  });

  test("a number with a fraction keeps one, of the same length", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 99_999 }), (cents) => {
        const value = cents / 100;
        const masked = maskNumber(key, value)!;
        expect(String(masked).replace(/\d/g, "#")).toBe(String(value).replace(/\d/g, "#"));
      }),
      { numRuns: 200 },
    );
  });

  test("a number written with an exponent is not for it", () => {
    expect(maskNumber(key, 1e21)).toBeUndefined();
    expect(maskNumber(key, 1e-7)).toBeUndefined();
  });
});
