import { yamlText } from "./yaml-text.js";

/** What the starter configuration selects, and where it comes from. */
export interface Selection {
  /** Text for `source.url`, such as `${CATALOG_URL}`. */
  url: string;
  /** Lines below `select:`, not indented. */
  select: readonly string[];
  /** Lines below `transform:`, not indented; all of them comments. */
  transform: readonly string[];
}

const example: Selection = {
  url: "${CATALOG_URL}",
  select: [
    '- dataset: products                  # a table or collection; "schema.table"; globs with * and ?',
    "  # where: active                     # only these: a SQL condition; for MongoDB a filter such as { active: true }",
    "  # omit: [internal_notes]            # all fields but these; or pick: [...] for only some",
    "  # key: [sku]                        # default: the primary key, _id",
    '# - dataset: "ref_*"',
    "#   except: [ref_tmp]",
  ],
  transform: [
    "# - for: products",
    "#   steps:",
    "#     - merge: { currency: EUR }              # set fields; null removes one",
    "#     - mask: { /email: email }               # keyed and deterministic; needs maskKey above",
  ],
};

/** A commented starter configuration: one weave and one environment. */
export function starterConfig({ url, select, transform }: Selection = example): string {
  const indent = (lines: readonly string[]) => lines.map((line) => `    ${line}`.trimEnd()).join("\n");
  return `# yaml-language-server: $schema=../schemas/heddle.schema.json
#
# What Heddle carries from databases into git and back. Check this file with \`heddle validate\`; \`heddle config show\`
# prints it with all defaults. Addresses and keys come from variables, \${NAME}: never write a password here.

apiVersion: heddle/v1
kind: Weave                               # a selection of one database: \`heddle weave catalog\` commits it to data/catalog/
metadata: { name: catalog }
spec:
  source: { url: ${yamlText(url)} }       # postgres://, mongodb://, mongodb+srv://, pglite:<directory>; only ever read
  # maskKey: "\${MASK_KEY}"                # secret key of mask steps
  maxDeletes: 5%                          # of a dataset's files; removing more needs --allow-deletes
  select:
${indent(select)}
  # What is changed on the way into git. A dataset with steps is not applied back to the database it came from.
  # transform:
${indent(transform)}
  # validate:
  #   - { for: products, schema: schemas/product.json }     # JSON Schema 2020-12

---
apiVersion: heddle/v1
kind: Environment                         # a destination: \`heddle plan staging\`, \`heddle apply staging\`
metadata: { name: staging }
spec:
  database: { url: "\${STAGING_URL}" }
  weaves: [catalog]
  # overlay: []                           # the same steps as in transform, on the way into this database
  # ignore: { products: [/updated_at] }   # written when an entry is created, afterwards left alone
  # local: { products: [/stock] }         # never written
  # redact: { products: [/cost] }         # never shown
  apply:
    prune: owned                          # delete only what Heddle put there; mirror deletes the rest too, none nothing
    maxDeletes: 5%                        # of a dataset's owned entries; more needs --allow-deletes
    onConflict: fail                      # git and the database changed the same field: fail, git or live wins
    # protected: true                     # apply needs --confirm staging
`;
}

export const ignoreLines = [".env", ".heddle/"];
export const attributeLines = ["data/** text eol=lf linguist-generated", "data/** merge=heddle diff=heddle"];

/** The GitHub Actions workflow; \`project\` is the project root inside the repository, empty for the root itself. */
export function starterWorkflow(project: string): string {
  const paths = [
    ".github/workflows/**",
    ...["data", "schemas", "weave-configs"].map((part) => `${project && `${project}/`}${part}/**`),
  ];
  const defaults = project === "" ? "" : `\ndefaults:\n  run:\n    working-directory: ${yamlText(project)}\n`;
  return `# Checks data changes in pull requests, shows what they would do to staging, and applies them when they are merged.
#
# To adapt:
# - Heddle comes from this repository's package.json and lock file (\`npm install --save-dev heddle\`, or a git address), so
#   that nobody else decides what runs here with your secrets.
# - main: the protected branch, wherever it stands here.
# - STAGING_URL: a secret of this name, in the GitHub environment "staging", holds the database's URL. Add every other
#   variable that weave-configs/ names for staging.
# - For production, add an environment in weave-configs/, copy the job "apply", and let it \`needs: apply\`; required
#   reviewers of the GitHub environment then hold it until somebody agrees.
name: Heddle

on:
  pull_request:
    paths:
${paths.map((path) => `      - ${yamlText(path)}`).join("\n")}
  push:
    branches: [main]
    paths:
${paths.map((path) => `      - ${yamlText(path)}`).join("\n")}

permissions:
  contents: read
${defaults}
env:
  HEDDLE: npx --no-install heddle

jobs:
  validate:
    runs-on: ubuntu-latest
    timeout-minutes: 10
    steps:
${checkout}
      - run: $HEDDLE validate

  # The addresses and rules are those of the protected branch, so that a pull request cannot send secrets elsewhere.
  # Pull requests from forks get no secrets and are only validated.
  plan:
    if: github.event_name == 'pull_request' && github.event.pull_request.head.repo.full_name == github.repository
    needs: validate
    runs-on: ubuntu-latest
    timeout-minutes: 30
    environment: staging
    steps:
${checkout}
      - run: $HEDDLE plan staging --rev HEAD --config "origin/$BASE"
        env:
          BASE: \${{ github.base_ref }}
          STAGING_URL: \${{ secrets.STAGING_URL }}

  apply:
    if: github.event_name == 'push'
    needs: validate
    runs-on: ubuntu-latest
    timeout-minutes: 60
    environment: staging
    concurrency:
      group: heddle-staging
      cancel-in-progress: false
    steps:
${checkout}
      - run: $HEDDLE apply staging --rev "$GITHUB_SHA" --yes
        env:
          STAGING_URL: \${{ secrets.STAGING_URL }}
`;
}

const checkout = `      - uses: actions/checkout@de0fac2e4500dabe0009e67214ff5f5447ce83dd # v6.0.2
        with:
          fetch-depth: 0 # history tells which revision follows which
          persist-credentials: false
      - uses: actions/setup-node@6044e13b5dc448c55e2357c09f80417699197238 # v6.2.0
        with:
          node-version: 24
      - run: npm ci`;
