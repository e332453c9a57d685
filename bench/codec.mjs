// BSON to canonical text and back, against what the driver does to get to plain JSON and back. The driver's way loses types,
// order and duplicates, and writes no white space; Heddle's reads strictly, and its text comes back as the same bytes.
import { deserialize, EJSON, serialize } from "bson";
import { mongodbCodec } from "../dist/database/mongodb/codec.js";
import { entryReader } from "../dist/database/mongodb/decode.js";
import { encodeDocument } from "../dist/database/mongodb/encode.js";
import { parseManifest } from "../dist/model/parse.js";
import { documents } from "./documents.mjs";

const dataset = { engine: "mongodb", name: "bench", key: ["_id"], selection: "", layout: { kind: "files", fanout: 0 } };
const read = entryReader(dataset);

/** What `heddle weave` does with a document that the server sent, and `heddle apply` with a file. */
const heddle = {
  out: (bytes) => read(bytes).text,
  back(text) {
    const { fields, problems } = parseManifest(text);
    const canonical = mongodbCodec.canonical(dataset, fields);
    if (problems.length + canonical.problems.length > 0) throw new Error("not canonical");
    return encodeDocument(canonical.fields);
  },
};
const driver = {
  out: (bytes) => JSON.stringify(deserialize(bytes)),
  back: (text) => serialize(JSON.parse(text)),
};
/** The driver's own typed text, which is not lossless either, but nearer to what Heddle does. */
const extendedJson = {
  out: (bytes) => EJSON.stringify(deserialize(bytes, { promoteValues: false, bsonRegExp: true }), { relaxed: false }),
  back: (text) => serialize(EJSON.parse(text, { relaxed: false })),
};

/** Gives a row for each kind of document: µs for one document there and back, and how many times the driver's speed. */
export function run() {
  const ratios = [];
  const rows = Object.entries(documents()).map(([kind, all]) => {
    const bytes = all.map((document) => Buffer.from(serialize(document)));
    for (const one of bytes) if (!heddle.back(heddle.out(one)).equals(one)) throw new Error(`${kind}: bytes differ`);
    const [own, plain, typed] = best(
      [heddle, driver, extendedJson].map((way) => ({ ...way, texts: bytes.map(way.out) })),
      bytes,
    );
    const each = (milliseconds) => Number(((milliseconds * 1000) / bytes.length).toFixed(2));
    const ratio = (a, b) => Number((b / a).toFixed(2));
    ratios.push((plain.out + plain.back) / (own.out + own.back));
    return {
      kind,
      bytes: Math.round(bytes.reduce((sum, { length }) => sum + length, 0) / bytes.length),
      "heddle µs": each(own.out + own.back),
      "driver µs": each(plain.out + plain.back),
      "out ×": ratio(own.out, plain.out),
      "back ×": ratio(own.back, plain.back),
      "both × driver": ratio(own.out + own.back, plain.out + plain.back),
      "both × EJSON": ratio(own.out + own.back, typed.out + typed.back),
    };
  });
  const mean = Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length);
  console.log(`Speed there and back, as a multiple of the driver's (geometric mean): ${mean.toFixed(2)}`);
  return rows;
}

/** The shortest of many turns, in ms for all documents; contestants take turns, so that a busy machine hits all alike. */
function best(ways, bytes) {
  const times = ways.map(() => ({ out: Number.POSITIVE_INFINITY, back: Number.POSITIVE_INFINITY }));
  const size = bytes.reduce((sum, { length }) => sum + length, 0);
  const repeat = Math.max(1, Math.round(300_000 / size));
  for (let turn = 0; turn < 40; turn++) {
    for (const [i, { out, back, texts }] of ways.entries()) {
      times[i].out = Math.min(
        times[i].out,
        timed(() => bytes.forEach((one) => void out(one)), repeat),
      );
      times[i].back = Math.min(
        times[i].back,
        timed(() => texts.forEach((one) => void back(one)), repeat),
      );
    }
  }
  return times;
}

function timed(work, repeat) {
  const start = performance.now();
  for (let i = 0; i < repeat; i++) work();
  return (performance.now() - start) / repeat;
}
