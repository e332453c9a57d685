import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { weave } from "../../src/operations/weave.js";
import { commandPath } from "../support/command.js";
import { onDatabase } from "../support/postgres-client.js";
import { makeTwin } from "../support/twin.js";

const client = join(import.meta.dirname, "../../clients/python");
const run = promisify(execFile);

/** A virtual environment of its own with the client in it, as `pip install` puts it there. */
async function withClient<T>(work: (python: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), "heddle-python-"));
  const python = join(directory, "venv/bin/python");
  try {
    await run("python3", ["-m", "venv", join(directory, "venv")]);
    await run(python, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", client]);
    return await work(python);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

test("the Python client, installed by pip: reads the past, rolls back and applies with the built command", async () => {
  const { project, source, copy } = await makeTwin(
    "CREATE TABLE products (id int PRIMARY KEY, price int); INSERT INTO products VALUES (1, 10), (2, 20)",
  );
  await onDatabase(copy, "TRUNCATE products");
  const { directory } = project;
  process.env.GIT_COMMITTER_DATE = "2026-01-01T00:00:00Z";
  await weave({ directory });
  await onDatabase(source, "UPDATE products SET price = price + 1");
  process.env.GIT_COMMITTER_DATE = "2026-01-02T00:00:00Z";
  await weave({ directory });
  delete process.env.GIT_COMMITTER_DATE;
  const env = {
    ...process.env,
    PYTHONDONTWRITEBYTECODE: "1",
    HEDDLE_TEST_REPO: directory,
    HEDDLE_TEST_COMMAND: JSON.stringify([process.execPath, commandPath]),
    HEDDLE_TEST_FIRST: project.git("rev-parse", "HEAD~1"),
    HEDDLE_TEST_BEFORE: "2026-01-02T00:00:00Z",
  };
  await withClient(async (python) => {
    const { stderr } = await run(python, ["-m", "unittest", "-v", join(client, "tests/test_client.py")], { env });
    expect(stderr).toMatch(/Ran 5 tests.*\nOK\n$/s);
    const typed =
      "import heddle_client, pathlib; print((pathlib.Path(heddle_client.__file__).parent / 'py.typed').exists())";
    expect((await run(python, ["-c", typed])).stdout).toBe("True\n");
  });
  expect(await onDatabase(copy, "SELECT id, price FROM products ORDER BY id")).toEqual([
    { id: 1, price: 10 },
    { id: 2, price: 21 },
  ]);
}, 300_000);
