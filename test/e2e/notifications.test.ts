import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { makeProject, type TestProject } from "../support/command.js";
import { copyConfig } from "../support/copy-project.js";
import { onDatabase } from "../support/postgres-client.js";
import { secret, startReceiver } from "../support/receiver.js";
import { createPostgresDatabase } from "../support/servers.js";

const config = copyConfig(
  "shop",
  "[{ dataset: items }]",
  `  notify:
    - { url: "\${HOOK_URL}", secret: "\${HOOK_SECRET}" }
`,
);
const schema = "CREATE TABLE items (id int PRIMARY KEY, name text)";

let project: TestProject;
let copy: string;
let receiver: Awaited<ReturnType<typeof startReceiver>>;

beforeAll(async () => {
  project = makeProject(config);
  const source = await createPostgresDatabase();
  copy = await createPostgresDatabase();
  await onDatabase(source, `${schema}; INSERT INTO items SELECT i, 'confidential ' || i FROM generate_series(1, 9) i`);
  await onDatabase(copy, schema);
  receiver = await startReceiver();
  Object.assign(project.variables, {
    SOURCE_URL: source,
    COPY_URL: copy,
    HOOK_URL: receiver.url,
    HOOK_SECRET: secret,
  });
  await project.succeed("weave");
  await project.succeed("apply", "copy", "--yes");
});
afterAll(async () => {
  await receiver.stop();
  project[Symbol.dispose]();
});
beforeEach(() => {
  receiver.deliveries.length = 0;
  receiver.state.answer = () => 204;
  delete receiver.state.location;
  Object.assign(project.variables, { COPY_URL: copy, HOOK_URL: receiver.url, HOOK_SECRET: secret });
});

const names = ["one", "two", "three"];
let edits = 0;
/** Commits an edit of one entry. */
const edit = () => {
  const name = `confidential ${names[edits++ % 3]} ${edits}`;
  project.write("data/shop/items/1.json", `${JSON.stringify({ id: 1, name }, null, 2)}\n`);
  return project.commitAll("edit");
};
const types = () => receiver.deliveries.map(({ event }) => event.type);

describe("notifications", () => {
  it("planned, applied, failed and drifted are told: signed, as the schema says, without values, keys, URL or secret", async () => {
    const revision = edit();
    const file = project.beside("plan");
    await project.succeed("plan", "copy");
    expect(types()).toEqual([]);
    await project.succeed("plan", "copy", "--out", file);
    const applied = await project.succeed("apply", "copy", "--plan", file, "--yes");
    await project.succeed("apply", "copy", "--yes");
    expect(types()).toEqual(["heddle.planned", "heddle.applied"]);

    await onDatabase(copy, "UPDATE items SET name = 'confidential drift' WHERE id = 2");
    expect((await project.heddle("drift", "copy")).code).toBe(2);
    for (const id of [1, 3, 4]) rmSync(join(project.directory, `data/shop/items/${id}.json`));
    project.commitAll();
    const refused = await project.heddle("apply", "copy", "--yes");
    expect(refused.code).toBe(3);
    await project.succeed("apply", "copy", "--yes", "--allow-deletes", "3");
    await project.succeed("undo", "copy", "--yes");
    expect(types().slice(2)).toEqual(["heddle.drifted", "heddle.failed", "heddle.applied", "heddle.applied"]);
    // As it was, for the next test.
    project.git("revert", "--no-edit", "HEAD");
    await project.succeed("apply", "copy", "--yes", "--release-hold");
    expect(types()).toHaveLength(7);

    const validate = new Ajv2020({ strict: false, validateFormats: false }).compile(
      JSON.parse(readFileSync("schemas/notification.schema.json", "utf8")),
    );
    for (const { signed, body, headers, event } of receiver.deliveries) {
      expect(signed).toBe(true);
      expect(headers["content-type"]).toBe("application/cloudevents+json; charset=utf-8");
      expect(validate(event), JSON.stringify(validate.errors)).toBe(true);
      expect(event.source).toBe("urn:heddle:environment:copy");
      expect(body.toString()).not.toMatch(/confidential|token-in-the-path|secret|items\/|postgres:/);
    }
    const [planned, , , failed, , undone] = receiver.deliveries.map(({ event }) => event.data);
    expect(planned).toMatchObject({ verb: "plan", revision, counts: { created: 0, updated: 1, deleted: 0 } });
    expect(failed).toMatchObject({
      error: { code: "HDL600", exitCode: 3 },
      missing: [{ kind: "deletes", dataset: "items", count: 3, flag: "--allow-deletes 3" }],
    });
    expect(undone).toMatchObject({ verb: "undo" });
    for (const text of [applied.stdout, refused.stderr]) expect(text).not.toMatch(/token-in-the-path|a secret of/);
  });

  it("a database that cannot be reached is told; the exit code is that of the error", async () => {
    project.variables.COPY_URL = "postgres://nobody@127.0.0.1:9/none";
    expect((await project.heddle("apply", "copy", "--yes")).code).toBe(1);
    expect(receiver.deliveries.map(({ event }) => event.data)).toEqual([
      { environment: "copy", verb: "apply", error: { code: "HDL200", exitCode: 1 } },
    ]);
  });

  it("a webhook that fails changes neither result nor exit code, and is said on standard error", async () => {
    edit();
    receiver.state.answer = () => 410;
    const { stdout, stderr } = await project.succeed("apply", "copy", "--yes", "--json");
    expect(stderr).toBe("! copy: not notified (applied): notify[0]: answered 410\n");
    expect(JSON.parse(stdout)).toMatchObject({ written: true });
    project.variables.HOOK_SECRET = "short";
    const doctor = await project.succeed("doctor", "copy");
    expect(doctor.stdout).toContain("notify[0]: its secret is shorter than 16 characters");
  });

  it("notify is trusted configuration: a pull request cannot have itself told", async () => {
    const thief = await startReceiver();
    try {
      edit();
      project.git("checkout", "--quiet", "-b", "pull-request");
      project.write("weave-configs/heddle.yaml", config.replace("${HOOK_URL}", thief.url));
      project.commitAll("mine");
      project.git("checkout", "--quiet", "main");
      await project.succeed("apply", "copy", "--yes", "--rev", "pull-request");
      expect(types()).toEqual(["heddle.applied"]);
      expect(thief.deliveries).toEqual([]);
    } finally {
      await thief.stop();
    }
  });
});
