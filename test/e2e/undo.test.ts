import { expect, it } from "vitest";
import { makeProject } from "../support/command.js";
import { onDatabase } from "../support/postgres-client.js";
import { createPostgresDatabase } from "../support/servers.js";

const config = `apiVersion: heddle/v1
kind: Weave
metadata: { name: shop }
spec:
  source: { url: "\${SHOP_URL}" }
  select: [{ dataset: products, omit: [stock] }]
---
apiVersion: heddle/v1
kind: Environment
metadata: { name: staging }
spec:
  database: { url: "\${STAGING_URL}" }
  weaves: [shop]
  apply: { maxDeletes: 100% }
`;
const table = "CREATE TABLE products (id int PRIMARY KEY, name text, price numeric, stock int DEFAULT 7);";
const rows = "INSERT INTO products VALUES (1, 'Loom', 10, 1), (2, 'Reed', 20, 1), (3, 'Shuttle', 30, 1);";

async function shop(more = "") {
  const project = makeProject(config.replace("maxDeletes: 100%", `maxDeletes: 100%${more}`));
  project.variables.SHOP_URL = await createPostgresDatabase();
  project.variables.STAGING_URL = await createPostgresDatabase();
  await onDatabase(project.variables.SHOP_URL, table + rows);
  await onDatabase(project.variables.STAGING_URL, table);
  await project.succeed("weave");
  const live = async () => {
    const found = await onDatabase(project.variables.STAGING_URL!, "SELECT p::text AS row FROM products p ORDER BY id");
    return found.map(({ row }) => row as string);
  };
  const edit = (id: number, name: string, price: string) => {
    project.write(
      `data/shop/products/${id}.json`,
      `{\n  "id": ${id},\n  "name": "${name}",\n  "price": "${price}"\n}\n`,
    );
    return project.commitAll(`edit ${id}`);
  };
  const apply = (...args: string[]) => project.succeed("apply", "staging", "--yes", ...args);
  return Object.assign(project, { live, edit, apply });
}

it("undo restores whole rows, unselected fields too, and holds the environment until git follows", async () => {
  using project = await shop();
  await project.apply();
  await onDatabase(project.variables.STAGING_URL!, "UPDATE products SET stock = 99 WHERE id = 3");
  project.edit(1, "Loom", "11");
  project.git("rm", "-q", "data/shop/products/3.json");
  project.write("data/shop/products/4.json", '{\n  "id": 4,\n  "name": "Heddle",\n  "price": "40"\n}\n');
  project.commitAll("remove the shuttle, add a heddle");
  await project.apply();
  expect(await project.live()).toEqual(["(1,Loom,11,7)", "(2,Reed,20,7)", "(4,Heddle,40,7)"]);

  const undone = await project.succeed("undo", "staging", "--yes");
  expect(undone.stdout).toContain("1 to create, 1 to update, 1 to delete.");
  expect(await project.live()).toEqual(["(1,Loom,10,7)", "(2,Reed,20,7)", "(3,Shuttle,30,99)"]);
  expect((await project.succeed("history", "staging")).stdout).toMatch(
    /^\w{8} .* undo .*\n\w{8} .* apply .*\n\w{8} .* apply .*\n$/,
  );
  expect((await project.succeed("status")).stdout).toMatch(/behind HEAD by 2 commits[\s\S]*held/);

  const refused = await project.heddle("apply", "staging", "--yes");
  expect(refused.code).toBe(3);
  expect(refused.stderr).toMatch(/products\/1.*--release-hold/);
  expect(await project.live()).toHaveLength(3);

  // Git follows: it wants something else for the one entry, and takes the rest back.
  project.git("revert", "--no-edit", "HEAD");
  project.edit(1, "Loom", "12");
  await project.apply();
  expect(await project.live()).toEqual(["(1,Loom,12,7)", "(2,Reed,20,7)", "(3,Shuttle,30,99)"]);
  expect((await project.succeed("status")).stdout).not.toContain("held");
});

it("undo leaves alone what changed since, and says so", async () => {
  using project = await shop();
  await project.apply();
  project.edit(1, "Loom", "11");
  project.edit(2, "Reed", "21");
  await project.apply();
  await onDatabase(project.variables.STAGING_URL!, "UPDATE products SET price = 5 WHERE id = 2");
  const refused = await project.heddle("undo", "staging", "--yes");
  expect(refused.code).toBe(4);
  expect(refused.stderr).toContain("products/2");
  expect(await project.live()).toContain("(1,Loom,11,7)");
});

it("undo ID goes back to before an older apply", async () => {
  using project = await shop();
  await project.apply();
  project.edit(1, "Loom", "11");
  await project.apply();
  project.edit(1, "Loom", "12");
  await project.apply();
  const [, second] = JSON.parse((await project.succeed("history", "staging", "--json")).stdout) as { id: string }[];
  await project.succeed("undo", "staging", second!.id.slice(0, 8), "--yes");
  expect(await project.live()).toContain("(1,Loom,10,7)");
  expect((await project.heddle("undo", "staging", "ffffffff")).stderr).toContain("HDL301");
});

it("promise 7: a rollback holds as well, and --release-hold lets go", async () => {
  using project = await shop();
  await project.apply();
  project.edit(1, "Loom", "11");
  await project.apply();
  await project.apply("--rev", "HEAD~1", "--rollback");
  expect(await project.live()).toContain("(1,Loom,10,7)");
  expect((await project.heddle("apply", "staging", "--yes")).code).toBe(3);
  await project.apply("--release-hold");
  expect(await project.live()).toContain("(1,Loom,11,7)");
  expect((await project.apply()).stdout).toContain("nothing written");
});

it("D29, promise 7: what a trigger altered is compared with what it stored, until git wants something else", async () => {
  using project = await shop();
  await onDatabase(
    project.variables.STAGING_URL!,
    `CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.name := upper(NEW.name); RETURN NEW; END $$;
     CREATE TRIGGER shout BEFORE INSERT OR UPDATE ON products FOR EACH ROW EXECUTE FUNCTION shout()`,
  );
  await project.apply();
  expect(await project.live()).toContain("(1,LOOM,10,7)");
  expect((await project.apply()).stdout).toContain("nothing written");
  expect((await project.heddle("drift", "staging")).code).toBe(0);
  project.edit(1, "Loom", "11");
  expect((await project.succeed("plan", "staging")).stdout).toContain("0 to create, 1 to update, 0 to delete");
  await project.apply();
  expect(await project.live()).toContain("(1,LOOM,11,7)");
  expect((await project.apply()).stdout).toContain("nothing written");
  await onDatabase(project.variables.STAGING_URL!, "UPDATE products SET name = 'other' WHERE id = 1");
  expect((await project.heddle("drift", "staging")).stdout).toContain('name: "OTHER" → "LOOM"');
});

it("promise 7: an entry that onConflict live kept stays a conflict", async () => {
  using project = await shop(", onConflict: live");
  await project.apply();
  project.edit(1, "Loom", "11");
  await onDatabase(project.variables.STAGING_URL!, "UPDATE products SET price = 5 WHERE id = 1");
  expect((await project.apply()).stdout).toContain("1 kept");
  expect(await project.live()).toContain("(1,Loom,5,7)");
  project.edit(2, "Reed", "21");
  expect((await project.apply()).stdout).toContain("0 to create, 1 to update, 0 to delete, 1 kept");
  expect(await project.live()).toContain("(1,Loom,5,7)");
});
