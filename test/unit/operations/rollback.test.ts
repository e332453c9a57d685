import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type RollbackOptions, rollback, type ShownRollback } from "../../../src/operations/rollback.js";
import { validate } from "../../../src/operations/validate.js";
import { collection, makeWoven, table, type WovenProject } from "../../support/woven.js";

const products = table("products", { id: "integer", name: "text", price: "integer" });
const product = (id: number, price: number, more = {}) => ({ id, name: `P${id}`, price, ...more });

/** Three products; then three commits: 1 dearer, 1 and 2 dearer and 4 new, 3 gone and a note beside the data. */
async function shop(): Promise<{ project: WovenProject; commits: string[] }> {
  const project = await makeWoven(products);
  for (const id of [1, 2, 3]) project.put(products, product(id, 10 * id));
  const commits = [project.commitAll("woven")];
  project.put(products, product(1, 11));
  commits.push(project.commitAll("one dearer"));
  for (const entry of [product(1, 12), product(2, 21), product(4, 40)]) project.put(products, entry);
  commits.push(project.commitAll("more dearer"));
  await project.drop(products, 3);
  project.write("notes.txt", "beside\n");
  commits.push(project.commitAll("three gone"));
  return { project, commits };
}

const run = async (project: WovenProject, options: Partial<RollbackOptions>) => {
  let shown: ShownRollback | undefined;
  const present = async (rollback: ShownRollback) => {
    shown = rollback;
  };
  const result = await rollback({ directory: project.directory, present, ...options });
  return { ...result, shown: shown! };
};
const prices = (project: WovenProject, of = products) =>
  project
    .git("ls-files", `data/shop/${of.name}`)
    .split("\n")
    .filter((path) => !path.includes("_dataset"))
    .map((path) => JSON.parse(readFileSync(join(project.directory, path), "utf8")))
    .map(({ id, price }) => `${id}=${price}`)
    .join(" ");

test("--to: created, changed and deleted entries are as they were; all else stays; what goes is told before", async () => {
  const { project, commits } = await shop();
  using _ = project;
  const { shown, commit, counts } = await run(project, { to: commits[0]! });
  expect(counts).toEqual({ created: 1, updated: 2, deleted: 1 });
  expect(prices(project)).toBe("1=10 2=20 3=30");
  expect(project.git("rev-parse", "HEAD", "HEAD~1").split("\n")).toEqual([commit, commits[3]]);
  expect(project.git("status", "--porcelain")).toBe("");
  expect(project.git("diff", "--name-only", commits[3]!, "HEAD").split("\n")).toEqual(
    [1, 2, 3, 4].map((id) => `data/shop/products/${id}.json`),
  );
  expect(shown.takesBack.map(({ subject, entries }) => `${subject} ${entries}`)).toEqual([
    "three gone 1",
    "more dearer 3",
    "one dearer 1",
  ]);
  const [{ plan, context }] = shown.datasets as [ShownRollback["datasets"][0]];
  expect(plan.changes.map(({ kind, name, fields }) => [kind, name, fields.map(({ path }) => path)])).toEqual([
    ["update", "1.json", ["/price"]],
    ["update", "2.json", ["/price"]],
    ["create", "3.json", []],
    ["delete", "4.json", []],
  ]);
  const values = await context.readValues(plan, plan.changes.slice(0, 1));
  expect([...values.values()].map(({ git, live }) => [live?.get("price"), git?.get("price")])).toEqual([[12, 10]]);
  // Again: nothing to do, no commit.
  const again = await run(project, { to: commits[0]! });
  expect([again.commit, project.git("rev-parse", "HEAD")]).toEqual([undefined, commit]);
});

test("--commit takes back one commit's entries alone; what later commits changed again needs a yes (HDL620)", async () => {
  const { project, commits } = await shop();
  using _ = project;
  const asked = { commit: commits[1]!, confirm: async () => "nobody to ask" as const };
  await expect(run(project, asked)).rejects.toMatchObject({
    code: "HDL620",
    problems: [{ dataset: "products", key: "1", message: "was changed again later" }],
  });
  expect(project.git("rev-parse", "HEAD")).toBe(commits[3]);
  // Nothing changed these later, so that it is only a question without an answer.
  await expect(run(project, { ...asked, commit: commits[2]! })).rejects.toMatchObject({ code: "HDL600", exitCode: 3 });
  await run(project, { commit: commits[2]! });
  expect(prices(project)).toBe("1=11 2=20");
  const { shown } = await run(project, { commit: commits[1]!, confirm: async () => "yes" });
  expect(shown.takesBack.map(({ subject }) => subject)).toEqual([
    `take back ${commits[2]!.slice(0, 10)}: 2 updated, 1 deleted`,
    "more dearer",
    "one dearer",
  ]);
  expect(prices(project)).toBe("1=10 2=20");
});

test("--commit: a merge is taken back to its first parent; a commit of another branch, or the first one, is refused", async () => {
  const { project, commits } = await shop();
  using _ = project;
  project.git("checkout", "-q", "-b", "side", commits[0]!);
  project.put(products, product(3, 33));
  const side = project.commitAll("three dearer");
  project.git("checkout", "-q", "main");
  await expect(run(project, { commit: side })).rejects.toMatchObject({ code: "HDL301" });
  const first = project.git("rev-list", "--max-parents=0", "HEAD");
  await expect(run(project, { commit: first })).rejects.toMatchObject({
    code: "HDL301",
    message: /nothing before/,
  });
  project.put(products, product(3, 30));
  project.commitAll("three again");
  project.git("merge", "-q", "-m", "merge side", "side");
  expect(prices(project)).toBe("1=12 2=21 3=33 4=40");
  const { shown } = await run(project, { commit: "HEAD", confirm: async () => "yes" });
  expect(prices(project)).toBe("1=12 2=21 3=30 4=40");
  expect(shown.takesBack.map(({ subject }) => subject)).toEqual(["merge side"]);
});

test("only the chosen datasets and entries: --dataset, --where on what is or was", async () => {
  const { project, commits } = await shop();
  using _ = project;
  const others = table("others", { id: "integer", price: "integer" });
  await expect(run(project, { to: commits[0]!, datasets: ["product"] })).rejects.toMatchObject({
    code: "HDL104",
    hint: "did you mean products?",
  });
  project.describe(others);
  project.put(others, { id: 1, price: 1 });
  const middle = project.commitAll("others");
  project.put(others, { id: 1, price: 2 });
  project.put(products, product(1, 13));
  project.commitAll("both");
  await run(project, { to: middle, datasets: ["shop:oth*"] });
  expect([prices(project, others), prices(project)]).toEqual(["1=1", "1=13 2=21 4=40"]);
  // 3 is gone and was 30, 4 is 40 and was not there.
  await run(project, { to: commits[0]!, where: "price >= 30" });
  expect(prices(project)).toBe("1=13 2=21 3=30");
  await expect(run(project, { to: commits[0]!, where: "price" })).rejects.toMatchObject({ code: "HDL500" });
});

test("--before a time: what the branch had then, to the second; no time, or one of the future, is refused", async () => {
  using project = await makeWoven(products);
  for (const day of [1, 2, 3]) {
    project.put(products, product(1, day));
    project.commitAt(`2026-01-0${day}T12:00:00Z`, `day ${day}`);
  }
  await run(project, { before: "2026-01-03T12:00:00Z" });
  expect(prices(project)).toBe("1=2");
  expect(project.git("log", "-1", "--format=%s")).toBe("roll back to before 2026-01-03T12:00:00Z: 1 updated");
  await run(project, { before: "2026-01-03T13:00:00.5+01:00" });
  expect(prices(project)).toBe("1=3");
  await run(project, { before: "2026-01-01T12:00:01Z" });
  expect(prices(project)).toBe("1=1");
  for (const before of ["2999-01-01T00:00Z", "2025-12-31T00:00Z", "yesterday", "HEAD~1"])
    await expect(run(project, { before })).rejects.toMatchObject({ code: "HDL312" });
});

test("only uncommitted edits in the way refuse (HDL303); others stay as they lie", async () => {
  const { project, commits } = await shop();
  using _ = project;
  const four = project.put(products, product(4, 41));
  const confirm = () => Promise.reject(new Error("nobody is to be asked"));
  await expect(run(project, { to: commits[0]!, confirm })).rejects.toMatchObject({
    code: "HDL303",
    problems: [{ file: four, message: "is not committed" }],
  });
  await run(project, { to: commits[0]!, where: "id = 1" });
  expect(project.git("status", "--porcelain")).toBe(` M ${four}`);
  // Another branch needs no work tree.
  const { commit } = await run(project, { to: commits[0]!, branch: "back" });
  expect(project.git("rev-parse", "back", "back~1").split("\n")).toEqual([commit, project.git("rev-parse", "main")]);
  expect(project.git("status", "--porcelain")).toBe(` M ${four}`);
});

test("a bare repository, and no answer: exit 3 and nothing moves", async () => {
  const { project, commits } = await shop();
  using _ = project;
  const bare = project.beside("bare");
  project.git("clone", "-q", "--bare", ".", bare);
  await expect(
    rollback({ directory: bare, to: commits[0]!, confirm: async () => "nobody to ask" }),
  ).rejects.toMatchObject({ code: "HDL600", exitCode: 3 });
  project.git("-C", bare, "config", "user.name", "Grace");
  project.git("-C", bare, "config", "user.email", "grace@example.com");
  await rollback({ directory: bare, to: commits[0]! });
  project.git("fetch", "-q", bare, "main");
  expect(project.git("diff", "--stat", commits[0]!, "FETCH_HEAD", "--", "data")).toBe("");
});

test("today's layout: an entry of a flat revision is restored under its fan-out", async () => {
  const { project, commits } = await shop();
  using _ = project;
  const fanned = { ...products, layout: { kind: "files", fanout: 1 } as const };
  project.git("rm", "-q", "data/shop/products/[0-9]*");
  project.describe(fanned);
  const paths = [product(1, 12), product(2, 22), product(4, 40)].map((entry) => project.put(fanned, entry));
  project.commitAll("fan out");
  const { shown } = await run(project, { to: commits[2]! });
  // 1 and 4 only moved.
  expect(shown.datasets[0]!.plan.changes.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
    "update 2.json",
    "create 3.json",
  ]);
  expect(existsSync(join(project.directory, paths[1]!))).toBe(true);
  expect(
    project
      .git("ls-files", "data/shop/products")
      .split("\n")
      .filter((path) => /products\/\d/.test(path) && !/\/\w\w\/\d/.test(path)),
  ).toEqual([]);
  expect((await validate({ directory: project.directory })).entries).toBe(4);
  // One that still lies where the old layout had it goes to its place of today.
  project.git("mv", paths[0]!, "data/shop/products/1.json");
  project.commitAll("misplaced");
  await run(project, { to: commits[1]!, where: "id = 1" });
  expect([
    existsSync(join(project.directory, paths[0]!)),
    existsSync(join(project.directory, "data/shop/products/1.json")),
  ]).toEqual([true, false]);
});

test("today's shape: columns that came keep their value, columns that went are told, what is not known is refused", async () => {
  const { project, commits } = await shop();
  using _ = project;
  const reshaped = table("products", { id: "integer", price: "integer", colour: "text" });
  project.describe(reshaped);
  for (const [id, price] of [
    [1, 12],
    [2, 21],
    [4, 40],
  ] as const)
    project.put(reshaped, { id, price, colour: "red" });
  project.commitAll("columns");
  await expect(run(project, { to: commits[2]! })).rejects.toMatchObject({
    code: "HDL400",
    problems: [
      {
        dataset: "products",
        key: "3",
        message: "what it had in colour is not known, and there is no entry to take it from",
      },
    ],
  });
  const { shown } = await run(project, { to: commits[1]!, where: "id = 1" });
  expect(shown.notes).toEqual([
    "products: name (not selected any more) cannot be restored",
    "products: colour (selected or masked otherwise then) left as now",
  ]);
  expect(readFileSync(join(project.directory, "data/shop/products/1.json"), "utf8")).toBe(
    '{\n  "id": 1,\n  "price": 11,\n  "colour": "red"\n}\n',
  );
  // A value that the column of today cannot hold.
  project.describe(table("products", { id: "integer", price: "boolean", colour: "text" }));
  for (const id of [1, 2, 4]) project.put(reshaped, { id, price: true, colour: "red" });
  project.commitAll("types");
  await expect(run(project, { to: commits[1]!, where: "id = 1" })).rejects.toMatchObject({
    code: "HDL400",
    problems: [{ dataset: "products", key: "1", path: "/price" }],
  });
});

test("a field that is masked by now is not restored: its old value is a secret", async () => {
  const people = table("people", { id: "integer", mail: "text", city: "text" });
  using project = await makeWoven(people);
  project.put(people, { id: 1, mail: "ada@example.com", city: "Rome" });
  const start = project.commitAll("plain");
  const masked = { ...people, masked: ["mail"], selection: "with a mask" };
  project.describe(masked);
  project.put(masked, { id: 1, mail: "m-5f2a", city: "Paris" });
  project.commitAll("masked");
  const { shown } = await run(project, { to: start });
  expect(shown.notes).toEqual(["people: mail (selected or masked otherwise then) left as now"]);
  expect(project.git("show", "HEAD:data/shop/people/1.json")).toBe(
    '{\n  "id": 1,\n  "mail": "m-5f2a",\n  "city": "Rome"\n}',
  );
  // With another mask key the two pseudonyms do not match each other.
  project.describe({ ...masked, selection: "with another key" });
  project.put(masked, { id: 1, mail: "m-77aa", city: "Oslo" });
  project.commitAll("other key");
  await run(project, { to: "HEAD~1" });
  expect(project.git("show", "HEAD:data/shop/people/1.json")).toContain("m-77aa");
});

test("what came or went by the selection is no edit: it stays, and is told; another key is refused", async () => {
  const { project, commits } = await shop();
  using _ = project;
  project.describe({ ...products, selection: "wider" });
  project.put(products, product(5, 50));
  project.commitAll("wider");
  const { shown, counts } = await run(project, { to: commits[2]! });
  expect(counts).toEqual({ created: 0, updated: 0, deleted: 0 });
  expect(shown.notes).toEqual([
    "products was selected otherwise then: 2 entries that came or went since are left as now",
  ]);
  project.git("rm", "-q", "data/shop/products/[0-9]*");
  project.describe({ ...products, key: ["name"] });
  project.put({ ...products, key: ["name"] }, product(1, 12));
  project.commitAll("key");
  await expect(run(project, { to: commits[2]! })).rejects.toMatchObject({ code: "HDL400", message: /another key/ });
});

test("a dataset that only one revision has is left alone, and told", async () => {
  const { project, commits } = await shop();
  using _ = project;
  const late = table("late", { id: "integer" });
  project.describe(late);
  project.put(late, { id: 1 });
  const both = project.commitAll("late");
  const { shown } = await run(project, { to: commits[3]! });
  expect([shown.notes, shown.datasets[0]!.plan.changes]).toEqual([["shop/late was not woven yet: left as now"], []]);
  project.git("rm", "-rq", "data/shop/late");
  project.commitAll("gone");
  const back = await run(project, { to: both });
  expect([back.commit, back.shown.notes]).toEqual([undefined, ["shop/late is not woven any more: not restored"]]);
});

test("an unreadable file of today is replaced; one of then refuses", async () => {
  const { project, commits } = await shop();
  using _ = project;
  project.write("data/shop/products/1.json", "{ broken\n");
  const broken = project.commitAll("broken");
  await run(project, { commit: broken });
  expect(prices(project)).toBe("1=12 2=21 4=40");
  await expect(run(project, { to: broken })).rejects.toMatchObject({
    code: "HDL400",
    problems: [{ file: "data/shop/products/1.json" }],
  });
  expect(commits).toHaveLength(4);
});

test("documents: fields come back in their order, with their wrappers; one that was not picked then keeps its value", async () => {
  const things = collection("things", { pick: ["_id", "a", "b"] });
  using project = await makeWoven(things);
  const id = { $oid: "65f0c0ffee65f0c0ffee65f0" };
  const path = project.put(things, { _id: id, b: { $numberLong: "1" }, a: 1.5 });
  const start = project.commitAll("start");
  const wider = collection("things", { pick: ["_id", "a", "b", "c"] });
  project.describe(wider);
  project.put(wider, { _id: id, a: { $numberDouble: "2.0" }, c: ["kept"] });
  project.commitAll("later");
  const { shown } = await run(project, { to: start });
  expect(JSON.parse(project.git("show", `HEAD:${path}`))).toEqual({
    _id: id,
    b: { $numberLong: "1" },
    a: 1.5,
    c: ["kept"],
  });
  expect(Object.keys(JSON.parse(project.git("show", `HEAD:${path}`)))).toEqual(["_id", "b", "a", "c"]);
  expect(shown.notes).toEqual(["things: c (selected or masked otherwise then) left as now"]);
});
