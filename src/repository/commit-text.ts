import type { Digest } from "../model/entry.js";
import { HeddleError } from "../model/errors.js";
import { plainText, run } from "./git.js";
import type { Repository } from "./repository.js";

/** Who makes a commit, as git writes it: name, address and time. */
export interface Identity {
  author: string;
  committer: string;
}

/** HDL306 where git does not know who commits. */
export async function committer(repository: Repository): Promise<Identity> {
  const ask = async (variable: string) => {
    const args = ["-c", "user.useConfigOnly=true", "var", variable];
    const { code, stdout } = await run(repository.git, args, { allow: [1, 128] });
    if (code === 0) return stdout.toString().trim();
    throw new HeddleError("HDL306", "git does not know who commits", {
      hint: 'git config user.name "Your Name" && git config user.email you@example.com',
    });
  };
  return { author: await ask("GIT_AUTHOR_IDENT"), committer: await ask("GIT_COMMITTER_IDENT") };
}

/** The bytes of a commit object. */
export function commitText(tree: Digest, parents: readonly Digest[], identity: Identity, message: string): string {
  const heads = parents.map((parent) => `parent ${parent}\n`).join("");
  const text = plainText(message).trim();
  return `tree ${tree}\n${heads}author ${identity.author}\ncommitter ${identity.committer}\n\n${text}\n`;
}
