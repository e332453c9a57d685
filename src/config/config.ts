import type { Layout } from "../model/dataset.js";
import { HeddleError, type Place } from "../model/errors.js";
import type { Naming } from "../model/naming.js";
import { type NoticeKind, noticeKinds } from "../model/notice.js";
import type { Limit, Rules } from "../plan/plan.js";
import type { TransformRule, ValidateRule } from "../transform/rules.js";
import type { AnyDocument, EnvironmentDocument, WeaveDocument } from "./schema.js";
import { suggest } from "./suggest.js";
import type { Template } from "./template.js";
import type { YamlDocument } from "./yaml.js";

/** A valid configuration, defaults applied, secrets not yet read. */
export interface Config {
  weaves: WeaveConfig[];
  /** With what they extend. */
  environments: EnvironmentConfig[];
  /** Environments without a database, which others extend. */
  bases: Located[];
}

interface Located {
  name: string;
  /** The document as written, without defaults: for digests and for `config show`. Holds no secrets. */
  document: AnyDocument;
  /** The place of a part of the document, by JSON Pointer: `/spec/select/0`. */
  at: YamlDocument["at"];
  place: Place;
}

export interface WeaveConfig extends Located {
  document: WeaveDocument;
  source: { url: Template; rowSecurity: "refuse" | "accept" };
  maskKey?: Template;
  maxDeletes: Limit;
  maxEntries: number;
  select: Select[];
  transform: TransformRule[];
  /** `schema` is a path from the project root, with `/`, inside of it. */
  validate: ValidateRule[];
}

/** What to weave of one table, or of all that a glob matches. Of `pick` and `omit` at most one is there. */
export interface Select {
  dataset: string;
  except: string[];
  /** A SQL expression, or a filter in Extended JSON. */
  where?: string;
  pick?: string[];
  omit?: string[];
  key?: string[];
  /** How a first weave lays entries out; files where it is not given. */
  layout?: Layout["kind"];
}

export interface EnvironmentConfig extends Located {
  document: EnvironmentDocument;
  formerly: string[];
  database: { url: Template };
  weaves: string[];
  overlay: TransformRule[];
  naming: Naming;
  /** Dataset name or glob → JSON Pointers. */
  ignore: Record<string, string[]>;
  local: Record<string, string[]>;
  redact: Record<string, string[]>;
  apply: {
    /** Dataset name or glob → mode; `*` where one mode is for all. */
    prune: Record<string, Rules["prune"]>;
    maxDeletes: Limit;
    maxChanges: Limit;
    /** Undefined where it is not written: overwrite, or keep where the database is a source of one of the weaves. */
    onDrift?: Rules["onDrift"];
    onConflict: Rules["onConflict"];
    atomic: "auto" | "always" | "never";
    order: "forward" | "any";
    protected: boolean;
  };
  /** Statements: SQL, or commands in Extended JSON. */
  hooks: { preApply: string[]; postApply: string[]; verify: string[] };
  notify: WebhookConfig[];
}

export interface WebhookConfig {
  url: Template;
  secret: Template;
  on: readonly NoticeKind[];
}

/** HDL104 where there is none of that name. */
export function findWeave(config: Config, name: string): WeaveConfig {
  return find("weave", config.weaves, name);
}

/** HDL104 where there is none of that name. */
export function findEnvironment(config: Config, name: string): EnvironmentConfig {
  if (config.bases.some((base) => base.name === name)) {
    throw new HeddleError("HDL104", `the environment ${name} has no database: it is there to be extended`, {
      hint: suggest(
        name,
        config.environments.map((environment) => environment.name),
        "there are",
      ),
    });
  }
  return find("environment", config.environments, name);
}

function find<T extends { name: string }>(what: string, among: T[], name: string): T {
  const found = among.find((candidate) => candidate.name === name);
  if (found) return found;
  throw new HeddleError("HDL104", `there is no ${what} named ${JSON.stringify(name)}`, {
    hint: suggest(
      name,
      among.map((candidate) => candidate.name),
      "there are",
    ),
  });
}

export function weaveConfig(document: WeaveDocument, at: YamlDocument["at"]): WeaveConfig {
  const { metadata, spec } = document;
  return {
    name: metadata.name,
    document,
    at,
    place: at("/metadata/name"),
    source: {
      url: { text: spec.source.url, place: at("/spec/source/url") },
      rowSecurity: spec.source.rowSecurity ?? "refuse",
    },
    ...(spec.maskKey !== undefined && { maskKey: { text: spec.maskKey, place: at("/spec/maskKey") } }),
    maxDeletes: limit(spec.maxDeletes ?? "5%"),
    maxEntries: spec.maxEntries ?? 1_000_000,
    select: spec.select.map(({ except = [], where, ...rest }) => ({
      ...rest,
      except,
      ...(where !== undefined && { where: typeof where === "string" ? where : JSON.stringify(where) }),
    })),
    transform: spec.transform ?? [],
    validate: spec.validate ?? [],
  };
}

export function baseConfig(document: EnvironmentDocument, at: YamlDocument["at"]): Config["bases"][number] {
  return { name: document.metadata.name, document, at, place: at("/metadata/name") };
}

/** Of a document without a database, which was reported, the rest. */
export function environmentConfig(document: EnvironmentDocument, at: YamlDocument["at"]): EnvironmentConfig {
  const { metadata, spec } = document;
  const { prune = "owned", maxDeletes = "5%", maxChanges = "100%", onDrift, ...apply } = spec.apply ?? {};
  return {
    name: metadata.name,
    document,
    at,
    place: at("/metadata/name"),
    formerly: metadata.formerly ?? [],
    database: { url: { text: spec.database?.url ?? "${ANY}", place: at("/spec/database/url") } },
    weaves: spec.weaves ?? [],
    overlay: spec.overlay ?? [],
    naming: { map: spec.map ?? {}, identify: spec.identify ?? {}, references: spec.references ?? {} },
    ignore: spec.ignore ?? {},
    local: spec.local ?? {},
    redact: spec.redact ?? {},
    apply: {
      prune: typeof prune === "string" ? { "*": prune } : prune,
      maxDeletes: limit(maxDeletes),
      maxChanges: limit(maxChanges),
      ...(onDrift && { onDrift }),
      onConflict: apply.onConflict ?? "fail",
      atomic: apply.atomic ?? "auto",
      order: apply.order ?? "forward",
      protected: apply.protected ?? false,
    },
    hooks: {
      preApply: statements(spec.hooks?.preApply),
      postApply: statements(spec.hooks?.postApply),
      verify: statements(spec.hooks?.verify),
    },
    notify: (spec.notify ?? []).map(({ url, secret, on = noticeKinds }, index) => ({
      url: { text: url, place: at(`/spec/notify/${index}/url`) },
      secret: { text: secret, place: at(`/spec/notify/${index}/secret`) },
      on,
    })),
  };
}

function statements(list: readonly (string | Record<string, unknown>)[] = []): string[] {
  return list.map((statement) => (typeof statement === "string" ? statement : JSON.stringify(statement)));
}

/** `5%` is a share, `5` and `"5"` never the same: text without a percent sign does not pass the schema. */
function limit(text: string | number): Limit {
  return typeof text === "number" ? { count: text } : { share: Number(text.slice(0, -1)) / 100 };
}
