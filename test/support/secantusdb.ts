import { execFile } from "node:child_process";
import { access, mkdir, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** The version that the tests are known to pass with. */
const version = "0.7.0b3";

/**
 * The Python of a virtual environment that holds SecantusDB, installed on first use below the user's cache folder.
 * Several runs may install at once: each builds its own folder, and a rename decides which one stays. A virtual
 * environment survives a rename as long as only its python is used, not its scripts.
 */
export async function secantusPython(): Promise<string> {
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "heddle-test");
  const place = join(cache, `secantusdb-${version}`);
  if (await works(place)) return python(place);
  await mkdir(cache, { recursive: true });
  await rm(`${place}.broken`, { recursive: true, force: true });
  await rename(place, `${place}.broken`).catch(() => {});
  for (let attempt = 1; ; attempt++) {
    const fresh = `${place}.${process.pid}`;
    try {
      await rm(fresh, { recursive: true, force: true });
      await run("python3", ["-m", "venv", fresh], { timeout: 120_000 });
      const install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", `SecantusDB==${version}`];
      await run(python(fresh), install, { timeout: 180_000 });
      await run(python(fresh), ["-c", "import secantus.cli"], { timeout: 60_000 });
      await rename(fresh, place).catch(async (error: unknown) => {
        if (!(await works(place))) throw error;
      });
      return python(place);
    } catch (error) {
      if (attempt === 3) throw error;
    } finally {
      await rm(fresh, { recursive: true, force: true });
    }
  }
}

/** Imports it, since a changed system Python breaks an environment that is still there. */
async function works(place: string): Promise<boolean> {
  return access(python(place))
    .then(() => run(python(place), ["-c", "import secantus.cli"], { timeout: 60_000 }))
    .then(
      () => true,
      () => false,
    );
}

const python = (place: string) => join(place, "bin", "python");
