// A whole plan of the largest table by the server's fingerprints, where nothing drifted and where 100 rows did; the floor
// reads the table and digests its rows.
import pg from "pg";
import { best, floor, heddle, row } from "./measure.mjs";

export async function run(fixtures, { rounds }) {
  const { source, options } = await fixtures.bigWoven();
  await heddle(["apply", "target", "--rev", "data", "--yes"], options);
  const plan = () => heddle(["plan", "target", "--rev", "data", "--full"], options);
  const measured = (contestants) =>
    best(rounds, { floor: () => floor("copy-out", [source, "items", "sha1"]), ...contestants });
  const unchanged = await measured({ heddle: plan });
  const client = new pg.Client(source);
  await client.connect();
  const drift = (price) => client.query(`UPDATE items SET price = ${price} WHERE id % ${fixtures.big / 100} = 1`);
  await drift("price + 1");
  const drifted = await measured({ heddle: plan });
  await drift("price - 1").finally(() => client.end());
  return [
    row(`plan by fingerprints, ${fixtures.big} entries, nothing changed`, unchanged, 1),
    row("the same, 100 rows drifted", drifted, 3),
  ];
}
