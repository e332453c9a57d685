/** The bytes of a SHA-1. */
export const digestBytes = 20;

/** Character codes of the digits, and what each of them stands for; -1 for other characters. */
const digits = Uint8Array.from("0123456789abcdef", (digit) => digit.charCodeAt(0));
const values = Int8Array.from({ length: 256 }, (_, code) => digits.indexOf(code));

/** The digest that was read last: read where a Buffer each would cost more than all else that is done with it. */
export const digestRead = new Uint8Array(digestBytes);

/** Whether a text is a SHA-1 in lower-case hex digits; then `digestRead` holds it. */
export function readDigest(text: string): boolean {
  if (text.length !== 2 * digestBytes) return false;
  for (let i = 0; i < digestBytes; i++) {
    const byte = (digitValue(text.charCodeAt(2 * i)) << 4) | digitValue(text.charCodeAt(2 * i + 1));
    if (byte < 0) return false;
    digestRead[i] = byte;
  }
  return true;
}

const digitValue = (code: number): number => (code < 256 ? values[code]! : -1);

/** The same for a text that lies in a buffer. */
export function readDigestAt(bytes: Uint8Array, start: number): boolean {
  for (let i = 0, at = start; i < digestBytes; i++, at += 2) {
    const byte = (values[bytes[at]!]! << 4) | values[bytes[at + 1]!]!;
    if (byte < 0) return false;
    digestRead[i] = byte;
  }
  return true;
}

/** Of each byte the character codes of its two digits, in one number. */
const pairs = Uint16Array.from({ length: 256 }, (_, byte) => digits[byte >> 4]! | (digits[byte & 15]! << 8));

/** Whether the digest that lies in a buffer is the one of this text. */
export function isDigestAt(bytes: Uint8Array, start: number, text: string): boolean {
  if (text.length !== 2 * digestBytes) return false;
  for (let i = 0; i < digestBytes; i++) {
    if ((text.charCodeAt(2 * i) | (text.charCodeAt(2 * i + 1) << 8)) !== pairs[bytes[start + i]!]) return false;
  }
  return true;
}
