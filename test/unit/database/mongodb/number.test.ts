import { Decimal128 } from "bson";
import fc from "fast-check";
import { expect, test } from "vitest";
import { decimalBytes, decimalOf, decimalText, int64Text, isInt64 } from "../../../../src/database/mongodb/number.js";

/** Few digits and decimals, where the fast ways are and end; and anything else. */
const decimals = fc.oneof(
  fc
    .tuple(fc.constantFrom("", "-"), fc.bigInt({ min: 0n, max: 10n ** 17n }), fc.integer({ min: -9, max: 9 }))
    .map(([sign, digits, exponent]) => `${sign}${digits}E${exponent}`),
  fc
    .tuple(fc.constantFrom("", "-"), fc.nat(2000), fc.integer({ min: -8, max: 2 }))
    .map(([sign, digits, exponent]) => `${sign}${digits}E${exponent}`),
  fc
    .tuple(
      fc.constantFrom("", "-"),
      fc.bigInt({ min: 0n, max: 10n ** 34n - 1n }),
      fc.integer({ min: -6176, max: 6111 }),
    )
    .map(([sign, digits, exponent]) => `${sign}${digits}E${exponent}`),
  fc.constantFrom("NaN", "Infinity", "-Infinity", "0", "-0", "0.000000", "0.0000000", "-0.00", "999999999999999"),
);

test("A6, A7: a Decimal128 has the driver's text and bytes, and no other", () => {
  fc.assert(
    fc.property(decimals, (spelling) => {
      const value = Decimal128.fromString(spelling);
      const text = value.toString();
      expect(decimalText(spelling)).toBe(text);
      expect(decimalText(text)).toBe(text);
      expect(Buffer.from(decimalBytes(text)).toString("hex")).toBe(Buffer.from(value.bytes).toString("hex"));
      expect(decimalOf(Buffer.from(value.bytes))).toBe(text);
    }),
    { numRuns: 5000 },
  );
});

test("A7: texts that are no canonical decimals, or none at all", () => {
  for (const [spelling, text] of Object.entries({ "01": "1", "+1": "1", "1.": "1", ".5": "0.5", "1e2": "1E+2" }))
    expect(decimalText(spelling), spelling).toBe(text);
  for (const spelling of ["", "-", "+", "1,5", "0x1", "1e9999", "12345678901234567890123456789012345"])
    expect(decimalText(spelling), spelling).toBeUndefined();
});

test("A7: int64 in canonical spelling", () => {
  const inRange = ["0", "-1", "9223372036854775807", "-9223372036854775808", "999999999999999", "-1000000000000000"];
  for (const text of inRange) expect([isInt64(text), int64Text(text)]).toEqual([true, text]);
  expect(["007", "-0", "-00012345678901234567"].map(int64Text)).toEqual(["7", "0", "-12345678901234567"]);
  for (const text of ["", "-", "1.0", "9223372036854775808", "-9223372036854775809", "1e3", " 1"])
    expect(isInt64(text), text).toBe(false);
});
