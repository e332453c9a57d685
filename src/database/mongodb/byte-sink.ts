/** A growing buffer to write into. One is reused for many documents, so that none of them pays for growth. */
export class ByteSink {
  bytes = Buffer.allocUnsafe(1 << 16);
  length = 0;

  /** Makes room for `count` more bytes. */
  reserve(count: number): void {
    const needed = this.length + count;
    if (needed <= this.bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(needed, this.bytes.length * 2));
    this.bytes.copy(grown, 0, 0, this.length);
    this.bytes = grown;
  }

  byte(value: number): void {
    this.reserve(1);
    this.bytes[this.length++] = value;
  }

  ascii(text: string): void {
    this.reserve(text.length);
    if (text.length > 48) {
      this.bytes.write(text, this.length, "latin1");
      this.length += text.length;
      return;
    }
    const { bytes } = this;
    let at = this.length;
    for (let i = 0; i < text.length; i++) bytes[at++] = text.charCodeAt(i);
    this.length = at;
  }

  int32(value: number): void {
    this.reserve(4);
    this.bytes.writeInt32LE(value, this.length);
    this.length += 4;
  }

  raw(value: Uint8Array): void {
    this.reserve(value.length);
    this.bytes.set(value, this.length);
    this.length += value.length;
  }

  /** Starts again, and gives a rare very large buffer back. */
  reset(): void {
    this.length = 0;
    if (this.bytes.length > 1 << 23) this.bytes = Buffer.allocUnsafe(1 << 16);
  }
}
