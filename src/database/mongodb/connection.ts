import { createHash } from "node:crypto";
import { type ClientSession, type ClientSessionOptions, type Db, type Document, MongoClient, Timestamp } from "mongodb";
import { HeddleError } from "../../model/errors.js";
import type { Capabilities } from "../database.js";
import { type Doing, guarded, hasCode, serverCode } from "./server-error.js";

/** A client that connects when it is first used, and what its server turned out to be. */
export class Connection implements AsyncDisposable {
  readonly label: string;
  readonly #client: MongoClient;
  readonly #database: string;
  #hello: Promise<Document> | undefined;
  /** Before the first use these are a replica set's; then the server's own. */
  capabilities: Capabilities = { snapshots: true, transactions: true, transactionLimit: 1000 };

  constructor(url: string, label: string | undefined) {
    this.#client = clientFor(url, label ?? "the database URL");
    this.#database = this.#client.options.dbName;
    this.label = label ?? `MongoDB database ${JSON.stringify(this.#database)}`;
  }

  get db(): Db {
    return this.#client.db(this.#database);
  }

  /** Connects where that has not happened, and learns what the server can do. HDL200, HDL201. */
  async ready(): Promise<Document> {
    this.#hello ??= this.#meet();
    try {
      return await this.#hello;
    } catch (error) {
      this.#hello = undefined;
      throw error;
    }
  }

  async #meet(): Promise<Document> {
    const hello = await this.guarded("reading", () => this.#client.db("admin").command({ hello: 1 }));
    const clustered = hello.setName !== undefined || hello.msg === "isdbgrid";
    this.capabilities = clustered
      ? { snapshots: await this.#keepsSnapshots(hello), transactions: true, transactionLimit: 1000 }
      : { snapshots: false, transactions: false };
    return hello;
  }

  /** MongoDB 5.0 and later do. Compatible servers may take the option and read the present: the time in the reply tells. */
  async #keepsSnapshots(hello: Document): Promise<boolean> {
    if (hello.maxWireVersion < 13) return false;
    if (!(hello.operationTime instanceof Timestamp)) return true;
    const atClusterTime = new Timestamp(hello.operationTime.toBigInt() - 1n);
    const probe = {
      find: "heddle_applied",
      limit: 1,
      singleBatch: true,
      readConcern: { level: "snapshot", atClusterTime },
    };
    const reply = await this.db.command(probe).catch(() => undefined);
    const answered = reply?.cursor?.atClusterTime;
    return answered === undefined || atClusterTime.equals(answered);
  }

  startSession(options: ClientSessionOptions): ClientSession {
    return this.#client.startSession(options);
  }

  guarded<T>(doing: Doing, work: () => Promise<T>): Promise<T> {
    return guarded(this.label, doing, work);
  }

  /** Digest of the replica set's id (else its name; for a standalone server its address) and the database's name. */
  async identity(): Promise<string> {
    const hello = await this.ready();
    const deployment =
      hello.msg === "isdbgrid"
        ? `cluster ${(await this.#clusterId()) ?? this.#addresses()}`
        : hello.setName === undefined
          ? `standalone ${this.#addresses()}`
          : `replica set ${(await this.replicaSetId()) ?? hello.setName}`;
    return createHash("sha256").update(`mongodb\0${deployment}\0${this.#database}`).digest("hex");
  }

  /** Needs a right that few users have. */
  async replicaSetId(): Promise<string | undefined> {
    const reply = await this.ask({ replSetGetConfig: 1 });
    return reply?.config?.settings?.replicaSetId?.toString();
  }

  async #clusterId(): Promise<string | undefined> {
    const version = await this.#optional(() => this.#client.db("config").collection("version").findOne({}));
    return version?.clusterId?.toString();
  }

  /** What the server answers to a command about itself; undefined where it does not know it or does not allow it. */
  ask(command: Document): Promise<Document | undefined> {
    return this.#optional(() => this.#client.db("admin").command(command));
  }

  /** What `work` gives; undefined where the server does not know the command or does not allow it. */
  async #optional<T>(work: () => Promise<T>): Promise<T | undefined> {
    return this.guarded("reading", () =>
      work().catch((error) => {
        if (hasCode(error, serverCode.unauthorized, serverCode.commandNotFound)) return undefined;
        throw error;
      }),
    );
  }

  #addresses(): string {
    return this.#client.options.hosts.map(String).sort().join(",");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.close();
  }
}

/** HDL200 for a URL that is none, or names no database. Neither repeats it: it may hold a password. */
function clientFor(url: string, label: string): MongoClient {
  const form = "mongodb://HOST:PORT/DATABASE";
  if (!/^mongodb(\+srv)?:\/\/[^/]+\/[^/?]+/.test(url))
    throw new HeddleError("HDL200", `${label}: the URL names no database`, { hint: `expected ${form}` });
  try {
    const patience = /[?&]serverSelectionTimeoutMS=/i.test(url) ? {} : { serverSelectionTimeoutMS: 10_000 };
    return new MongoClient(url, { appName: "heddle", ...patience });
  } catch {
    const hint = `expected ${form}; reserved characters of user and password are percent-encoded`;
    throw new HeddleError("HDL200", `${label}: not a valid MongoDB URL`, { hint });
  }
}
